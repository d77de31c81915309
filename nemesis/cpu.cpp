// Effect     Some replicas get only a share of one processor: everything takes longer, and nothing
// fails. Mechanism  Their processes in a control group with a quota of processor time. Undo The
// processes go back to the group they came from: the nodes are stored. Needs      Control groups
// with the controller cpu, which the lab may write.
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

/// The kernel counts the periods in which the group wanted more than it may have.
void take_evidence(const std::string& report, NodeId node, std::vector<Evidence>& to) {
    const std::int64_t throttled = number_in(report, "cpu.nr_throttled");
    to.push_back({EvidencePhase::during, node, "periods_throttled", throttled, throttled > 0});
}

class Cpu final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override {
        return {"process", "cgroup-cpu"};
    }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "quota",
                 .fallback = "5%",
                 .help = "of one processor, above 0; 150% is one and a half"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const std::int64_t quota, processors_parameter(spec.params, "quota"));
        return resolve_confined(spec,
                                view,
                                fmt::format("may use {} of a processor", share_text(quota)),
                                {"--cpu-share", std::to_string(quota)});
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

std::unique_ptr<Nemesis> make_cpu() {
    return std::make_unique<Cpu>();
}

} // namespace faultlab
