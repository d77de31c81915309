// Effect     Bytes of the files of some replicas change under them: as a disk does that rots, or
//            loses writes and shows what was there before.
// Mechanism  `faultlab-node corrupt` on the host flips bits, copies chunks over others, cuts off an
//            end, or puts chunks back as they were earlier; while the replica runs, or while it is
//            killed for that.
// Undo       None: what is lost is lost. A replica that does not run is started: the nodes are
//            stored.
// Needs      Processes that the lab has started, and its tool on their host.
#include "core/units.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/corruption.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/lives.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

class CorruptFile final : public LifeNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override { return corruption_options(); }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_corruption(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const Corruption corruption, corruption_parameter(spec.params));
        FAULTLAB_TRY(Fault fault, resolve_lives(spec, view, summary_of(corruption)));
        store_corruption(corruption, spec.seed, fault);
        return fault;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_DO(require_alive(fault.targets, target, "its files were changed"));
        // What is to be put back is taken from files of a replica that runs, as a backup would be.
        const bool take = text_of(fault.params, "how") == "restore";
        return on_each(fault, target, take ? "take" : "change", !take);
    }

    [[nodiscard]] std::optional<Nanos> turn_after(const Fault& fault,
                                                  std::int64_t turn) const override {
        if (turn > 1 || text_of(fault.params, "how") != "restore") return std::nullopt;
        return integer_of(fault.params, "after_ns");
    }

    Result<void>
    take_turn(const Fault& fault, std::int64_t /*turn*/, FaultTarget& target) const override {
        return on_each(fault, target, "restore", true);
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        std::vector<Evidence> evidence;
        for (std::size_t i = 0; i < fault.targets.size(); ++i) {
            for (Evidence& one : probe_corruption(fault, i, target, phase))
                evidence.push_back(std::move(one));
        }
        return evidence;
    }

private:
    /// The first error, after all nodes were served: one whose files hold nothing yet must not keep
    /// another from starting.
    static Result<void>
    on_each(const Fault& fault, FaultTarget& target, const std::string& what, bool may_stop) {
        Result<void> outcome;
        const bool stop = may_stop && text_of(fault.params, "while") == "stopped";
        for (std::size_t i = 0; i < fault.targets.size(); ++i) {
            const NodeId node = fault.targets[i];
            if (stop) FAULTLAB_DO(target.kill_node(node));
            Host& host = target.node_host(node);
            const auto done = run_node_tool(host, corrupt_arguments(fault, i, what, host));
            if (!done && outcome) outcome = done.error();
            if (stop) FAULTLAB_DO(target.start_node(node));
        }
        return outcome;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_corrupt_file() {
    return std::make_unique<CorruptFile>();
}

} // namespace faultlab
