// Effect     Some replicas can start no process and no thread beyond those they have.
// Mechanism  Their processes in a control group with a limit of tasks.
// Undo       The processes go back to the group they came from: the nodes are stored.
// Needs      Control groups with the controller pids, which the lab may write.
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

/// More run than may be started: the next start of one fails.
void take_evidence(const std::string& report, NodeId node, std::vector<Evidence>& to) {
    const std::int64_t have = number_in(report, "pids.current");
    const std::int64_t most = number_in(report, "pids.max");
    to.push_back({EvidencePhase::during, node, "threads", have, most > 0 && have >= most});
}

class Threads final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override {
        return {"process", "cgroup-pids"};
    }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "most",
                 .fallback = "1",
                 .help = "processes and threads; what runs already stays"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const std::int64_t most, integer_parameter(spec.params, "most", 1, 4'000'000));
        return resolve_confined(spec,
                                view,
                                fmt::format("limited to {} threads", most),
                                {"--tasks", std::to_string(most)});
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        return inject_confined(fault, target);
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return heal_confined(fault, target);
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        return probe_confined(fault, target, phase, take_evidence);
    }
};

} // namespace

std::unique_ptr<Nemesis> make_threads() {
    return std::make_unique<Threads>();
}

} // namespace faultlab
