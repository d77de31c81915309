#include "nemesis/resources.hpp"

#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace faultlab {
namespace {

constexpr const char* undo_name = "nodes";

} // namespace

std::int64_t number_in(const std::string& report, const std::string& name) {
    const auto tree = nlohmann::json::parse(report, nullptr, false);
    if (!tree.is_object() || !tree.contains(name) || !tree[name].is_number()) return 0;
    return tree[name].get<std::int64_t>();
}

std::string groups_argument(FaultTarget& target, NodeId node) {
    std::vector<std::int64_t> ids;
    for (const ProcessGroup group : target.node_groups(node))
        ids.push_back(group.id);
    return fmt::format("{}", fmt::join(ids, ","));
}

std::vector<std::string> Confinement::needs() const {
    return {"process", controller()};
}

void Confinement::draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const {
    draw_process_target(rng, nodes, spec);
}

Result<Fault> Confinement::resolve(const FaultSpec& spec, const ClusterView& view) const {
    FAULTLAB_TRY(const Limits limits, this->limits(spec));
    FAULTLAB_TRY(Fault fault, resolve_processes(spec, view, limits.verb, undo_name));
    fault.params["limits"] = text_list(limits.arguments);
    return fault;
}

FaultSpec Confinement::exact(const Fault& fault, const FaultSpec& spec) const {
    return exact_processes(fault, spec);
}

Result<void> Confinement::inject(const Fault& fault, FaultTarget& target) const {
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

Result<void> Confinement::heal(const Fault& fault, FaultTarget& target) const {
    return on_all(confined_nodes(fault), [&](NodeId node) -> Result<void> {
        FAULTLAB_TRY(
            const std::string printed,
            run_node_tool(target.node_host(node), {"release", "--name", helper_name(fault.id)}));
        return {};
    });
}

std::vector<Evidence>
Confinement::probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const {
    std::vector<Evidence> evidence;
    for (const NodeId node : fault.targets) {
        const auto report =
            run_node_tool(target.node_host(node), {"confined", "--name", helper_name(fault.id)});
        if (!report) {
            evidence.push_back({phase, node, "probe_failed", report.error().text(), false});
        } else if (phase == EvidencePhase::during) {
            show(*report, node, evidence);
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

std::vector<NodeId> Confinement::confined_nodes(const Fault& fault) {
    return stored_nodes(fault, undo_name);
}

} // namespace faultlab
