// Effect     Some replicas share their processors with programs that compute all the time and weigh
//            more: they get what is left.
// Mechanism  Their processes in a control group of little weight, and a helper on the host with as
//            many busy threads as it is told.
// Undo       The helper stops, the processes go back to the group they came from: the nodes are
//            stored.
// Needs      Control groups with the controller cpu, which the lab may write. Hosts of one machine
//            share its processors: the others are slowed down too, but less.
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/resources.hpp"

#include <fmt/format.h>

namespace faultlab {
namespace {

class Contention final : public Confinement {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "weight",
                 .fallback = "64",
                 .help = "of the replica, where 1024 is usual and 2 is least"},
                {.name = "hogs", .fallback = "2", .help = "busy threads on each host, 1 to 64"}};
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(Fault fault, Confinement::resolve(spec, view));
        FAULTLAB_TRY(fault.params["hogs"], hogs(spec));
        return fault;
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        FAULTLAB_DO(Confinement::inject(fault, target));
        const std::string hogs = std::to_string(integer_of(fault.params, "hogs"));
        for (const NodeId node : fault.targets) {
            FAULTLAB_DO(start_helper(target.node_host(node),
                                     helper_name(fault.id),
                                     {.tool = "burn", .arguments = {"--processors", hogs}}));
        }
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        const Result<void> stopped = on_all(confined_nodes(fault), [&](NodeId node) {
            return stop_helper(target.node_host(node), helper_name(fault.id));
        });
        const Result<void> released = Confinement::heal(fault, target);
        return stopped ? released : stopped;
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        std::vector<Evidence> evidence = Confinement::probe(fault, target, phase);
        for (const NodeId node : fault.targets) {
            Host& host = target.node_host(node);
            if (phase != EvidencePhase::during) {
                evidence.push_back(helper_evidence(host, helper_name(fault.id), phase, node));
                continue;
            }
            const auto report = ask_helper(host, helper_name(fault.id), "report");
            const std::int64_t busy = report ? number_in(*report, "busy_ms") : 0;
            evidence.push_back({phase, node, "others_busy_ms", busy, busy > 0});
        }
        return evidence;
    }

protected:
    [[nodiscard]] std::string controller() const override { return "cgroup-cpu"; }

    [[nodiscard]] Result<Limits> limits(const FaultSpec& spec) const override {
        FAULTLAB_TRY(const std::int64_t weight,
                     integer_parameter(spec.params, "weight", 2, 262'144));
        FAULTLAB_TRY(const std::int64_t hogs, this->hogs(spec));
        return Limits{.arguments = {"--cpu-weight", std::to_string(weight)},
                      .verb =
                          fmt::format("beside {} busy threads, with a weight of {}", hogs, weight)};
    }

    /// How long its threads were ready to run and had to wait, all their lives: to compare the two
    /// measurements with each other.
    void
    show(const std::string& report, NodeId node, std::vector<Evidence>& evidence) const override {
        evidence.push_back(
            {EvidencePhase::during, node, "waited_ms", number_in(report, "waited_ms"), false});
    }

private:
    static Result<std::int64_t> hogs(const FaultSpec& spec) {
        return integer_parameter(spec.params, "hogs", 1, 64);
    }
};

} // namespace

std::unique_ptr<Nemesis> make_contention() {
    return std::make_unique<Contention>();
}

} // namespace faultlab
