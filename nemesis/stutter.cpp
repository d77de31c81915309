// Effect     Some replicas stop and go on, many times a second: they never look dead, but what they
//            do takes longer, now and then by the length of a stop; as on an overcommitted machine.
// Mechanism  `faultlab-node stutter` on the host sends SIGSTOP and SIGCONT to the process groups of
//            the replica, and counts how long they were stopped.
// Undo       The helper is told to stop, which lets them go on, and SIGCONT is sent once more: the
//            nodes are stored.
// Needs      Processes that the lab has started, and its tool on their host.
#include "core/units.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace faultlab {
namespace {

constexpr const char* undo_name = "resume";

Error not_shorter(const std::string& stop, const std::string& period) {
    return usage_error(fmt::format("a stop of {} does not fit into a period of {}", stop, period),
                       "stop must be shorter than period");
}

/// What the helper of a node has measured, as evidence.
Evidence measured(NodeId node, const std::string& report, const Fault& fault) {
    const auto said = nlohmann::json::parse(report, nullptr, false);
    if (!said.is_object() || !said.contains("elapsed_us"))
        return {EvidencePhase::during, node, "probe_failed", report, false};
    const auto cycles = said.value("cycles", std::int64_t{0});
    const auto seen = said.value("seen", std::int64_t{0});
    const auto stopped = said.value("stopped_us", 0.0);
    const auto elapsed = said.value("elapsed_us", 0.0);
    const double share = elapsed > 0 ? stopped / elapsed : 0;
    const double wanted = static_cast<double>(integer_of(fault.params, "stop_ns")) /
                          static_cast<double>(integer_of(fault.params, "period_ns"));
    return {EvidencePhase::during,
            node,
            "stopped_share",
            fmt::format("{:.2f} % in {} stops, {} of them seen", share * 100, cycles, seen),
            seen > 0 && share > wanted / 2};
}

class Stutter final : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"process"}; }

    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "stop", .fallback = "5ms", .choices = {}, .help = "how long they stop"},
                {.name = "period",
                 .fallback = "100ms",
                 .choices = {},
                 .help = "from one stop to the next"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        FAULTLAB_TRY(const Nanos stop, positive_duration_parameter(spec.params, "stop"));
        FAULTLAB_TRY(const Nanos period, positive_duration_parameter(spec.params, "period"));
        if (stop >= period) return not_shorter(duration_argument(stop), duration_argument(period));
        FAULTLAB_TRY(Fault fault,
                     resolve_processes(spec,
                                       view,
                                       fmt::format("stopped for {} of every {}",
                                                   duration_argument(stop),
                                                   duration_argument(period)),
                                       undo_name));
        fault.params["stop_ns"] = stop;
        fault.params["period_ns"] = period;
        return fault;
    }

    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override {
        return exact_processes(fault, spec);
    }

    Result<void> inject(const Fault& fault, FaultTarget& target) const override {
        for (const NodeId node : fault.targets)
            FAULTLAB_DO(begin(fault, node, target));
        return {};
    }

    Result<void> heal(const Fault& fault, FaultTarget& target) const override {
        return on_all(stored_nodes(fault, undo_name),
                      [&](NodeId node) { return end(fault, node, target); });
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        std::vector<Evidence> evidence;
        if (phase == EvidencePhase::before) return evidence;
        if (phase == EvidencePhase::after) {
            evidence = probe_processes(
                fault.targets, target, phase, [](EvidencePhase, ProcessState state) {
                    return state != ProcessState::stopped;
                });
        }
        for (const NodeId node : fault.targets) {
            Host& host = target.node_host(node);
            if (phase == EvidencePhase::after) {
                evidence.push_back(helper_evidence(host, helper_name(fault.id), phase, node));
                continue;
            }
            const auto report = ask_helper(host, helper_name(fault.id), "report");
            evidence.push_back(
                report ? measured(node, *report, fault)
                       : Evidence{phase, node, "probe_failed", report.error().text(), false});
        }
        return evidence;
    }

private:
    static Result<void> begin(const Fault& fault, NodeId node, FaultTarget& target) {
        HelperSpec helper{.tool = "stutter",
                          .arguments = {"--stop-ns",
                                        fmt::format("{}", integer_of(fault.params, "stop_ns")),
                                        "--period-ns",
                                        fmt::format("{}", integer_of(fault.params, "period_ns"))}};
        for (const ProcessGroup group : target.node_groups(node)) {
            helper.arguments.emplace_back("--group");
            helper.arguments.push_back(fmt::format("{}", group.id));
        }
        return start_helper(target.node_host(node), helper_name(fault.id), helper);
    }

    static Result<void> end(const Fault& fault, NodeId node, FaultTarget& target) {
        const Result<void> stopped = stop_helper(target.node_host(node), helper_name(fault.id));
        // A helper that was killed has left them as they were at that moment.
        const Result<void> resumed = resume_node(target, node);
        return stopped ? resumed : stopped;
    }
};

} // namespace

std::unique_ptr<Nemesis> make_stutter() {
    return std::make_unique<Stutter>();
}

} // namespace faultlab
