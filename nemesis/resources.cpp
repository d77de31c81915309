#include "nemesis/resources.hpp"

#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace faultlab {

std::string groups_argument(FaultTarget& target, NodeId node) {
    std::vector<std::int64_t> ids;
    for (const ProcessGroup group : target.node_groups(node))
        ids.push_back(group.id);
    return fmt::format("{}", fmt::join(ids, ","));
}

std::int64_t number_in(const std::string& report, const std::string& name) {
    const auto tree = nlohmann::json::parse(report, nullptr, false);
    if (!tree.is_object() || !tree.contains(name) || !tree[name].is_number()) return 0;
    return tree[name].get<std::int64_t>();
}

Result<Fault> resolve_confined(const FaultSpec& spec,
                               const ClusterView& view,
                               std::string_view verb,
                               std::vector<std::string> limits) {
    FAULTLAB_TRY(Fault fault, resolve_processes(spec, view, verb, confined_nodes));
    Value::List list;
    for (std::string& limit : limits)
        list.emplace_back(std::move(limit));
    fault.params["limits"] = std::move(list);
    return fault;
}

Result<void> inject_confined(const Fault& fault, FaultTarget& target) {
    for (const NodeId node : fault.targets) {
        const std::string groups = groups_argument(target, node);
        if (groups.empty()) return lab_error(fmt::format("nothing runs on n{}", node + 1));
        Host& host = target.node_host(node);
        std::vector<std::string> arguments = {"confine",
                                              "--name",
                                              helper_name(fault.id),
                                              "--groups",
                                              groups,
                                              "--directory",
                                              host.data_directory().string()};
        for (std::string& limit : texts_of(fault.params, "limits"))
            arguments.push_back(std::move(limit));
        FAULTLAB_TRY(const std::string printed, run_node_tool(host, std::move(arguments)));
    }
    return {};
}

Result<void> heal_confined(const Fault& fault, FaultTarget& target) {
    Result<void> outcome;
    for (const NodeId node : stored_nodes(fault, confined_nodes)) {
        // One host that does not answer must not keep the others confined.
        const auto released =
            run_node_tool(target.node_host(node), {"release", "--name", helper_name(fault.id)});
        if (!released && outcome) outcome = released.error();
    }
    return outcome;
}

std::vector<Evidence> probe_confined(const Fault& fault,
                                     FaultTarget& target,
                                     EvidencePhase phase,
                                     ConfinedEvidence during) {
    std::vector<Evidence> evidence;
    for (const NodeId node : fault.targets) {
        const auto report =
            run_node_tool(target.node_host(node), {"confined", "--name", helper_name(fault.id)});
        if (!report) {
            evidence.push_back({phase, node, "probe_failed", report.error().text(), false});
        } else if (phase == EvidencePhase::during) {
            during(*report, node, evidence);
        } else {
            const std::int64_t confined = number_in(*report, "processes");
            evidence.push_back({phase,
                                node,
                                "processes_confined",
                                confined,
                                phase == EvidencePhase::after && confined == 0});
        }
    }
    return evidence;
}

} // namespace faultlab
