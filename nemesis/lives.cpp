#include "nemesis/lives.hpp"

#include "core/host.hpp"
#include "core/rng.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace faultlab {
namespace {

constexpr const char* undo_name = "start";

/// The i-th number of a list in the parameters; 0 where there is none.
std::int64_t stored_number(const Fault& fault, const std::string& name, std::size_t i) {
    const auto stored = fault.params.find(name);
    if (stored == fault.params.end() || stored->second.list() == nullptr) return 0;
    const Value::List& list = *stored->second.list();
    return i < list.size() && list[i].integer() != nullptr ? *list[i].integer() : 0;
}

/// The process group that the replica was given last; 0 when it has none.
std::int64_t group_of(NodeId node, FaultTarget& target) {
    const auto groups = target.node_groups(node);
    return groups.empty() ? 0 : groups.back().id;
}

Result<void> end_life(NodeId node, const Ending& ending, FaultTarget& target) {
    if (ending.asked) {
        FAULTLAB_TRY(const bool gone, target.stop_node(node, ending.limit));
        if (gone) return {};
    }
    return target.kill_node(node);
}

} // namespace

Result<Fault> resolve_lives(const FaultSpec& spec, const ClusterView& view, std::string_view verb) {
    return resolve_processes(spec, view, verb, undo_name);
}

Result<void> LifeNemesis::remember(Fault& fault, FaultTarget& target) const {
    Value::List starts;
    Value::List groups;
    for (const NodeId node : fault.targets) {
        starts.emplace_back(target.node_starts(node));
        groups.emplace_back(group_of(node, target));
    }
    fault.params["starts"] = std::move(starts);
    fault.params["groups"] = std::move(groups);
    return {};
}

FaultSpec LifeNemesis::exact(const Fault& fault, const FaultSpec& spec) const {
    return exact_processes(fault, spec);
}

Result<void> LifeNemesis::heal(const Fault& fault, FaultTarget& target) const {
    return on_all(stored_nodes(fault, undo_name),
                  [&](NodeId node) { return target.start_node(node); });
}

std::vector<OptionSpec> ending_options(std::string_view signal) {
    return {{.name = "signal",
             .fallback = std::string(signal),
             .choices = {"kill", "term"},
             .help = "kill: SIGKILL; term: SIGTERM, and SIGKILL if that takes too long"},
            {.name = "limit", .fallback = "2s", .help = "how long a replica may take to stop"}};
}

Result<Ending> ending_parameter(const Params& params) {
    const std::string signal = text_of(params, "signal");
    if (signal != "kill" && signal != "term") {
        return usage_error(fmt::format("signal cannot be '{}'", signal), "write kill or term");
    }
    FAULTLAB_TRY(const Nanos limit, duration_parameter(params, "limit"));
    return Ending{.asked = signal == "term", .limit = limit};
}

void store_ending(const Ending& ending, Fault& fault) {
    fault.params["signal"] = ending.asked ? "term" : "kill";
    fault.params["limit_ns"] = ending.limit;
}

Ending stored_ending(const Fault& fault) {
    return {.asked = text_of(fault.params, "signal") == "term",
            .limit = integer_of(fault.params, "limit_ns")};
}

Result<void>
begin_next_life(const std::vector<NodeId>& nodes, const Ending& ending, FaultTarget& target) {
    for (const NodeId node : nodes)
        FAULTLAB_DO(end_life(node, ending, target));
    for (const NodeId node : nodes)
        FAULTLAB_DO(target.start_node(node));
    return {};
}

void store_crashes(const Crashes& crashes, Fault& fault) {
    fault.params["after_ns"] = crashes.after;
    fault.params["jitter_millionths"] = crashes.jitter;
    fault.params["times"] = crashes.times;
    fault.params["seed"] = static_cast<std::int64_t>(crashes.seed);
}

Result<void> CrashNemesis::inject(const Fault& fault, FaultTarget& target) const {
    FAULTLAB_DO(require_alive(fault.targets, target, "the first crash"));
    return begin_next_life(fault.targets, {}, target);
}

std::optional<Nanos> CrashNemesis::turn_after(const Fault& fault, std::int64_t turn) const {
    constexpr std::int64_t whole = 1'000'000;
    const std::int64_t times = integer_of(fault.params, "times");
    if (times > 0 && turn > times) return std::nullopt;
    const Nanos after = integer_of(fault.params, "after_ns");
    const Nanos jitter = after / whole * integer_of(fault.params, "jitter_millionths");
    const Rng rng(static_cast<std::uint64_t>(integer_of(fault.params, "seed")));
    return after + rng.split(fmt::format("turn/{}", turn)).between(-jitter, jitter);
}

Result<void>
CrashNemesis::take_turn(const Fault& fault, std::int64_t /*turn*/, FaultTarget& target) const {
    return begin_next_life(fault.targets, {}, target);
}

std::vector<Evidence>
CrashNemesis::probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const {
    return probe_lives(fault, target, phase, 2);
}

std::vector<Evidence>
probe_lives(const Fault& fault, FaultTarget& target, EvidencePhase phase, std::int64_t least) {
    std::vector<Evidence> evidence;
    for (std::size_t i = 0; i < fault.targets.size(); ++i) {
        const NodeId node = fault.targets[i];
        const auto state = target.node_state(node);
        if (!state) {
            evidence.push_back({phase, node, "probe_failed", state.error().text(), false});
            continue;
        }
        const bool running = *state == ProcessState::running;
        evidence.push_back({phase,
                            node,
                            "process_state",
                            to_string(*state),
                            phase == EvidencePhase::after && running});
        if (phase == EvidencePhase::after) continue;
        const std::int64_t group = group_of(node, target);
        const bool another = group != 0 && group != stored_number(fault, "groups", i);
        const std::int64_t starts = target.node_starts(node) - stored_number(fault, "starts", i);
        evidence.push_back({phase, node, "process_group", group, false});
        evidence.push_back({phase,
                            node,
                            "starts",
                            starts,
                            phase == EvidencePhase::during && another && starts >= least});
    }
    return evidence;
}

} // namespace faultlab
