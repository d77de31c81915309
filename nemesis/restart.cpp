// Effect     Some replicas are started anew: all that they had in memory is gone, what they had
//            written to files stays.
// Mechanism  SIGKILL, or SIGTERM as an administrator would (and SIGKILL after a limit); once all of
//            them are gone, they are started at once.
// Undo       Those that do not run are started: the nodes are stored.
// Needs      Processes that the lab has started.
#include "nemesis/catalogue.hpp"
#include "nemesis/lives.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

namespace faultlab {
namespace {

class Restart final : public LifeNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> options = ending_options("");
        options.front().choices.clear(); // resolve says what it can be
        options.front().help += "; without it, drawn";
        return options;
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
        const bool asked = rng.chance(1, 2);
        if (text_of(spec.params, "signal").empty()) spec.params["signal"] = asked ? "term" : "kill";
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const Ending ending, ending_parameter(spec.params));
        FAULTLAB_TRY(
            Fault fault,
            resolve_lives(spec,
                          view,
                          ending.asked ? "stopped and started again" : "killed and started again"));
        store_ending(ending, fault);
        return fault;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_DO(require_alive(fault.targets, target, "the restart"));
        return begin_next_life(fault.targets, stored_ending(fault), target);
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        return probe_lives(fault, target, phase, 1);
    }
};

} // namespace

std::unique_ptr<Nemesis> make_restart() {
    return std::make_unique<Restart>();
}

} // namespace faultlab
