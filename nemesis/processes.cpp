#include "nemesis/processes.hpp"

#include "core/host.hpp"
#include "nemesis/targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <csignal>
#include <utility>

namespace faultlab {
namespace {

struct WeightedTarget {
    std::string_view target;
    std::uint64_t weight;
    std::int32_t least_nodes;
};

constexpr std::array<WeightedTarget, 7> usual_targets = {{
    {"one", 4, 1},
    {"minority", 4, 4}, // of three nodes it is one
    {"majority", 2, 3},
    {"leader", 4, 1},
    {"follower", 2, 2},
    {"random", 2, 2},
    {"all", 2, 1},
}};

std::string node_text(NodeId node) {
    return fmt::format("n{}", node + 1);
}

} // namespace

void draw_process_target(Rng& rng, std::int32_t nodes, FaultSpec& spec) {
    if (!spec.target.empty()) return;
    std::uint64_t total = 0;
    for (const WeightedTarget& usual : usual_targets) {
        if (usual.least_nodes <= nodes) total += usual.weight;
    }
    std::uint64_t ticket = rng.below(total);
    for (const WeightedTarget& usual : usual_targets) {
        if (usual.least_nodes > nodes) continue;
        if (ticket < usual.weight) {
            spec.target = usual.target;
            return;
        }
        ticket -= usual.weight;
    }
}

Result<Fault> resolve_processes(const FaultSpec& spec,
                                const ClusterView& view,
                                std::string_view verb,
                                const std::string& undo_name) {
    Rng rng(spec.seed);
    FAULTLAB_TRY(const TargetSpec targets, parse_target(spec.target, node_names(view)));
    FAULTLAB_TRY(const std::vector<NodeId> chosen, resolve_targets(targets, view, rng));
    std::vector<NodeId> nodes;
    Value::List stored;
    for (const NodeId node : chosen) {
        if (!view.nodes.at(static_cast<std::size_t>(node)).running) continue;
        nodes.push_back(node);
        stored.emplace_back(node);
    }
    if (nodes.empty()) {
        return lab_error(
            fmt::format("nothing runs on {} that could be {}", names_text(chosen, view), verb));
    }
    return Fault{.id = spec.id,
                 .spec_id = spec.id,
                 .nemesis = spec.nemesis,
                 .summary = fmt::format("{} {} ({})", names_text(nodes, view), verb, spec.target),
                 .targets = nodes,
                 .params = {{"target", spec.target}},
                 .undo = {{undo_name, std::move(stored)}}};
}

FaultSpec exact_processes(const Fault& fault, const FaultSpec& spec) {
    std::vector<std::string> names;
    for (const NodeId node : fault.targets)
        names.push_back(node_text(node));
    FaultSpec same = spec;
    same.target = fmt::format("{}", fmt::join(names, ","));
    const auto seed = fault.params.find("seed");
    if (seed != fault.params.end() && seed->second.integer() != nullptr)
        same.seed = static_cast<std::uint64_t>(*seed->second.integer());
    return same;
}

std::vector<NodeId> stored_nodes(const Fault& fault, const std::string& undo_name) {
    std::vector<NodeId> nodes;
    const auto stored = fault.undo.find(undo_name);
    if (stored == fault.undo.end() || stored->second.list() == nullptr) return nodes;
    for (const Value& node : *stored->second.list()) {
        if (node.integer() != nullptr) nodes.push_back(static_cast<NodeId>(*node.integer()));
    }
    return nodes;
}

Result<void> on_all(const std::vector<NodeId>& nodes,
                    const std::function<Result<void>(NodeId)>& act) {
    Result<void> outcome;
    for (const NodeId node : nodes) {
        const Result<void> done = act(node);
        if (!done && outcome) outcome = done;
    }
    return outcome;
}

Result<void>
require_alive(const std::vector<NodeId>& nodes, FaultTarget& target, std::string_view act) {
    for (const NodeId node : nodes) {
        FAULTLAB_TRY(const ProcessState state, target.node_state(node));
        if (state != ProcessState::gone) continue;
        return lab_error(fmt::format("the processes of {} ended before {}", node_text(node), act));
    }
    return {};
}

Result<void> await_node_state(FaultTarget& target, NodeId node, ProcessState wanted) {
    constexpr int questions = 20'000; // about a second of asking
    ProcessState seen = wanted;
    for (int i = 0; i < questions; ++i) {
        FAULTLAB_TRY(seen, target.node_state(node));
        if (seen == wanted) return {};
    }
    return lab_error(fmt::format("the processes of {} should be {}, but are {}",
                                 node_text(node),
                                 to_string(wanted),
                                 to_string(seen)));
}

Result<void> resume_node(FaultTarget& target, NodeId node) {
    FAULTLAB_TRY(const ProcessState before, target.node_state(node));
    if (before == ProcessState::gone) return {};
    FAULTLAB_DO(target.signal_node(node, SIGCONT));
    const Result<void> running = await_node_state(target, node, ProcessState::running);
    if (running) return {};
    FAULTLAB_TRY(const ProcessState after, target.node_state(node));
    return after == ProcessState::gone ? Result<void>() : running;
}

std::vector<Evidence> probe_processes(const std::vector<NodeId>& nodes,
                                      FaultTarget& target,
                                      EvidencePhase phase,
                                      bool (*proves)(EvidencePhase, ProcessState)) {
    std::vector<Evidence> evidence;
    for (const NodeId node : nodes) {
        const auto state = target.node_state(node);
        if (!state) {
            evidence.push_back({phase, node, "probe_failed", state.error().text(), false});
            continue;
        }
        evidence.push_back(
            {phase, node, "process_state", to_string(*state), proves(phase, *state)});
    }
    return evidence;
}

} // namespace faultlab
