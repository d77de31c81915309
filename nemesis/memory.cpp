// Effect     Some replicas have little memory: the kernel takes pages of their files back, and
// kills them when that is not enough. Mechanism  Their processes in a control group with a limit of
// memory. Undo       The processes go back to the group they came from: the nodes are stored. A
// replica that was
//            killed is started by the recovery of the run.
// Needs      Control groups with the controller memory, which the lab may write.
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

/// How often the limit was met: each time the kernel had to take something back.
void take_evidence(const std::string& report, NodeId node, std::vector<Evidence>& to) {
    const std::int64_t met = number_in(report, "memory.failcnt");
    to.push_back({EvidencePhase::during, node, "limit_met", met, met > 0});
    to.push_back({EvidencePhase::during,
                  node,
                  "memory_most",
                  number_in(report, "memory.max_usage_in_bytes"),
                  false});
}

class Memory final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override {
        return {"process", "cgroup-memory"};
    }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "limit",
                 .fallback = "64MiB",
                 .help = "bytes for the replica and the files it uses"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const std::int64_t limit, bytes_parameter(spec.params, "limit"));
        return resolve_confined(spec,
                                view,
                                fmt::format("limited to {} of memory", bytes_text(limit)),
                                {"--memory", std::to_string(limit)});
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

std::unique_ptr<Nemesis> make_memory() {
    return std::make_unique<Memory>();
}

} // namespace faultlab
