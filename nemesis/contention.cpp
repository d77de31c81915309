// Effect     Some replicas share their processors with programs that compute all the time and weigh
//            more: they get what is left.
// Mechanism  Their processes in a control group of little weight, and a helper on the host with as
//            many busy threads as it is told.
// Undo       The helper stops, the processes go back to the group they came from: the nodes are
//            stored.
// Needs      Control groups with the controller cpu, which the lab may write. Hosts of one machine
//            share its processors: the others are slowed down too, but less.
#include "core/nemesis.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

class Contention final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override {
        return {"process", "cgroup-cpu"};
    }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "weight",
                 .fallback = "64",
                 .help = "of the replica, where 1024 is usual and 2 is least"},
                {.name = "hogs", .fallback = "2", .help = "busy threads on each host, 1 to 64"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const std::int64_t weight,
                     integer_parameter(spec.params, "weight", 2, 262'144));
        FAULTLAB_TRY(const std::int64_t hogs, integer_parameter(spec.params, "hogs", 1, 64));
        FAULTLAB_TRY(Fault fault,
                     resolve_confined(
                         spec,
                         view,
                         fmt::format("beside {} busy threads, with a weight of {}", hogs, weight),
                         {"--cpu-weight", std::to_string(weight)}));
        fault.params["hogs"] = hogs;
        return fault;
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_DO(inject_confined(fault, target));
        for (const NodeId node : fault.targets) {
            FAULTLAB_DO(start_helper(
                target.node_host(node),
                helper_name(fault.id),
                {.tool = "burn",
                 .arguments = {"--processors", std::to_string(integer_of(fault.params, "hogs"))}}));
        }
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        Result<void> outcome;
        for (const NodeId node : stored_nodes(fault, confined_nodes)) {
            const auto stopped = stop_helper(target.node_host(node), helper_name(fault.id));
            if (!stopped && outcome) outcome = stopped;
        }
        const auto released = heal_confined(fault, target);
        return outcome ? released : outcome;
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        std::vector<Evidence> evidence = probe_confined(fault, target, phase, take_evidence);
        for (const NodeId node : fault.targets) {
            Host& host = target.node_host(node);
            if (phase == EvidencePhase::during) {
                const auto report = ask_helper(host, helper_name(fault.id), "report");
                const std::int64_t busy = report ? number_in(*report, "busy_ms") : 0;
                evidence.push_back({phase, node, "others_busy_ms", busy, busy > 0});
                continue;
            }
            const auto runs = helper_runs(host, helper_name(fault.id));
            const bool gone = runs && !*runs;
            evidence.push_back(
                {phase, node, "helper_runs", !gone, phase == EvidencePhase::after && gone});
        }
        return evidence;
    }

private:
    /// How long its threads were ready to run and had to wait, all their lives: to compare the two
    /// measurements with each other.
    static void take_evidence(const std::string& report, NodeId node, std::vector<Evidence>& to) {
        to.push_back({EvidencePhase::during, node, "waited_ms", number_in(report, "waited_ms")});
    }
};

} // namespace

std::unique_ptr<Nemesis> make_contention() {
    return std::make_unique<Contention>();
}

} // namespace faultlab
