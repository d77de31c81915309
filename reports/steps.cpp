#include "reports/steps.hpp"

#include "reports/sentence.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace faultlab {
namespace {

constexpr std::size_t most_operations = 24;
constexpr std::size_t most_faults = 6;
constexpr std::size_t most_events = 6;
constexpr Nanos sample_lifetime = second; ///< an older sample says nothing of now

// "packets_dropped_c1" is the same counter as "packets_dropped", on a client host.
std::string counter_name(std::string name) {
    const std::size_t host = name.rfind("_c");
    const bool numbered = host != std::string::npos && host + 2 < name.size() &&
                          name.find_first_not_of("0123456789", host + 2) == std::string::npos;
    if (numbered) name.resize(host);
    return name;
}

std::string client_name(const Record& record, const Op& op) {
    if (op.node == no_node) return fmt::format("client {}", op.client);
    return fmt::format("client {} → {}", op.client, node_name(record, op.node));
}

StoryStep step_of(const Record& record, const Op& op) {
    return {.kind = StoryStep::Kind::operation,
            .id = op.id,
            .t = op.t_inv,
            .actor = client_name(record, op),
            .action = action_text(op, wording_of(record)),
            .outcome = outcome_text(op)};
}

StoryStep step_of(const Record& record, const FaultRecord& fault) {
    StoryStep step{.kind = StoryStep::Kind::fault,
                   .id = fault.fault.id,
                   .t = fault.t_started,
                   .actor = "FAULT",
                   .action = fault_text(fault.fault)};
    step.outcome = fault.t_ended < 0 ? "never ended" : "ended " + moment_text(fault.t_ended);
    const std::string effect = effect_text(record, fault);
    step.remark = effect.empty() ? "no effect was measured" : effect;
    return step;
}

// The value of a node's metric at a moment, from a sample that is not too old.
const Sample* sample_at(const Record& record, NodeId node, std::string_view metric, Nanos t) {
    const Sample* found = nullptr;
    for (const Sample& sample : record.samples) {
        if (sample.t > t) break;
        if (sample.node == node && sample.metric == metric) found = &sample;
    }
    return found != nullptr && t - found->t <= sample_lifetime ? found : nullptr;
}

// Other nodes that still say, at that moment, that they lead.
std::string rivals_text(const Record& record, NodeId leader, Nanos t) {
    std::string text;
    for (NodeId node = 0; node < static_cast<NodeId>(record.cluster.nodes.size()); ++node) {
        const Sample* role = sample_at(record, node, "role", t);
        if (node == leader || role == nullptr || role->value != 2) continue;
        if (!text.empty()) text += ", ";
        text += node_name(record, node) + " still believes that it leads";
        if (const Sample* term = sample_at(record, node, "term", t))
            text += fmt::format(" term {}", term->value);
    }
    return text;
}

StoryStep step_of(const Record& record, std::size_t position) {
    const Event& event = record.events[position];
    const NodeId leader = new_leader(event);
    StoryStep step{.kind = StoryStep::Kind::event,
                   .id = static_cast<std::int64_t>(position),
                   .t = event.t,
                   .actor = leader == no_node ? "cluster" : node_name(record, leader),
                   .action = leader == no_node ? "has no leader" : "becomes leader"};
    const auto term = event.fields.find("term");
    if (term != event.fields.end()) step.action += ", term " + value_text(term->second);
    if (leader != no_node) step.remark = rivals_text(record, leader, event.t);
    return step;
}

void add_faults(const Record& record, const Finding& finding, std::vector<StoryStep>& steps) {
    const Window window = window_of(record, finding);
    auto faults = faults_in(record, finding, window);
    // Where there are many, those count that were there when it went wrong.
    const std::optional<Op> last = subject(record.history, finding);
    const Nanos t = last ? last->t_inv : window.to;
    if (faults.size() > most_faults) {
        std::ranges::stable_sort(faults, {}, [t](const FaultRecord* fault) {
            const bool active = fault->t_started <= t && (fault->t_ended < 0 || fault->t_ended > t);
            return active ? 0 : std::abs(fault->t_started - t);
        });
        faults.resize(most_faults);
    }
    for (const FaultRecord* fault : faults)
        steps.push_back(step_of(record, *fault));
}

void add_events(const Record& record, const Window& window, std::vector<StoryStep>& steps) {
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < record.events.size(); ++i) {
        const Event& event = record.events[i];
        if (event.t < window.from || event.t > window.to || !is_leader_change(event)) continue;
        // Every node that learns of a leader may report it: the first report is the change.
        const bool repeated = !positions.empty() &&
                              new_leader(record.events[positions.back()]) == new_leader(event) &&
                              record.events[positions.back()].fields == event.fields;
        if (!repeated) positions.push_back(i);
    }
    if (positions.size() > most_events)
        positions.erase(positions.begin(), positions.end() - most_events);
    for (const std::size_t position : positions)
        steps.push_back(step_of(record, position));
}

// "1, 4 and 5": the numbers of the operations among the steps.
std::string operation_numbers(const std::vector<StoryStep>& steps) {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (steps[i].kind == StoryStep::Kind::operation) numbers.push_back(i + 1);
    std::string text;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i > 0) text += i + 1 == numbers.size() ? " and " : ", ";
        text += fmt::format("{}", numbers[i]);
    }
    return text;
}

// What the missed change means for those who come after it.
std::string bound_text(const Op& op, const Finding& finding, const Wording& wording) {
    if (class_of(finding) == "lost_update" || spans_keys(op.f))
        return "after this, the state before it is gone";
    if (class_of(finding) == "resurrected_key") return "after this, the key is absent";
    const Value seen = read_value(op, wording);
    if (seen.is_absent()) return "after this, the key must never be read as absent";
    return fmt::format("after this, {} must never be read", value_text(seen));
}

// The operation from whose return on the missed change is certain; -1 when there is none.
OpId certain_since(const Record& record, const Finding& finding) {
    const std::string name = class_of(finding);
    if (name != "stale_read" && name != "lost_update" && name != "resurrected_key") return -1;
    const std::optional<Missed> missed = missed_change(record.history, finding, wording_of(record));
    if (!missed || !missed->before) return -1;
    return missed->seen_by ? missed->seen_by->id : missed->change.id;
}

void add_remarks(const Record& record, const Finding& finding, std::vector<StoryStep>& steps) {
    const std::optional<Op> op = subject(record.history, finding);
    if (!op) return;
    const OpId certain = certain_since(record, finding);
    const std::string numbers = operation_numbers(steps);
    for (StoryStep& step : steps) {
        if (step.kind != StoryStep::Kind::operation) continue;
        if (step.id == certain) step.remark = bound_text(*op, finding, wording_of(record));
        step.divergent = step.id == op->id;
        if (!step.divergent) continue;
        if (finding.anomaly != "nonlinearizable")
            step.remark = detail_text(finding, "remark");
        else if (numbers.find(' ') != std::string::npos)
            step.remark = "no order of " + numbers + " explains this";
        else if (class_of(finding) == "value_never_written")
            step.remark = "nothing explains this";
        else
            step.remark = "no order of the operations on this key explains this";
    }
}

} // namespace

Window window_of(const Record& record, const Finding& finding) {
    const std::vector<Op> ops = counterexample(record.history, finding);
    if (ops.empty()) return {0, -1};
    Window window{ops.front().t_inv, ops.front().t_inv};
    for (const Op& op : ops) {
        const bool answered = op.status == OpStatus::ok || op.status == OpStatus::fail;
        window.from = std::min(window.from, op.t_inv);
        window.to = std::max(window.to, answered ? op.t_ret : op.t_inv);
    }
    return window;
}

std::vector<const FaultRecord*>
faults_in(const Record& record, const Finding& finding, const Window& window) {
    std::vector<const FaultRecord*> faults;
    for (const FaultRecord& fault : record.faults) {
        if (fault.t_started < 0) continue;
        const bool overlaps =
            fault.t_started <= window.to && (fault.t_ended < 0 || fault.t_ended >= window.from);
        const bool named =
            std::ranges::find(finding.faults, fault.fault.id) != finding.faults.end();
        if (overlaps || named) faults.push_back(&fault);
    }
    return faults;
}

std::vector<StoryStep> make_steps(const Record& record, const Finding& finding) {
    std::vector<Op> ops = counterexample(record.history, finding);
    if (ops.empty()) return {};
    std::vector<StoryStep> steps;
    add_faults(record, finding, steps);
    add_events(record, window_of(record, finding), steps);
    if (ops.size() > most_operations) {
        // The end of it is where it goes wrong.
        ops.erase(ops.begin() + 4, ops.end() - (most_operations - 4));
    }
    for (const Op& op : ops)
        steps.push_back(step_of(record, op));
    std::ranges::stable_sort(steps, {}, &StoryStep::t);
    add_remarks(record, finding, steps);
    return steps;
}

std::string node_name(const Record& record, NodeId node) {
    if (node == no_node) return "the run";
    const auto i = static_cast<std::size_t>(node);
    if (node >= 0 && i < record.cluster.nodes.size())
        return visible(record.cluster.nodes[i].name, 40);
    return fmt::format("n{}", node + 1);
}

std::string fault_text(const Fault& fault) {
    const std::string kind = visible(fault.nemesis, 60);
    const std::string summary = visible(fault.summary, 160);
    if (summary.empty()) return kind;
    return summary.find(kind) == std::string::npos ? kind + ": " + summary : summary;
}

std::string effect_text(const Record& record, const FaultRecord& fault) {
    // Counters of several nodes are one number for a reader; anything else is told node by node.
    std::map<std::string, std::int64_t> sums;
    std::vector<std::string> parts;
    for (const Evidence& evidence : fault.evidence) {
        if (evidence.phase != EvidencePhase::during || !evidence.proves) continue;
        std::string name = counter_name(visible(evidence.name, 60));
        std::ranges::replace(name, '_', ' ');
        if (const std::int64_t* number = evidence.value.integer()) {
            sums[name] += *number;
            continue;
        }
        const std::string on =
            evidence.node == no_node ? "" : node_name(record, evidence.node) + ": ";
        const std::string* text = evidence.value.text();
        const bool yes = evidence.value.boolean() != nullptr && *evidence.value.boolean();
        parts.push_back(
            on + name +
            (yes ? std::string() : " " + (text ? visible(*text, 60) : value_text(evidence.value))));
    }
    for (const auto& [name, sum] : sums)
        parts.push_back(count_text(sum) + " " + name);
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(parts.size(), 3); ++i)
        text += (i == 0 ? "" : ", ") + parts[i];
    return text;
}

bool is_leader_change(const Event& event) {
    return event.kind.find("leader") != std::string::npos;
}

NodeId new_leader(const Event& event) {
    if (const auto leader = event.fields.find("leader"); leader != event.fields.end()) {
        if (const std::int64_t* node = leader->second.integer()) return static_cast<NodeId>(*node);
    }
    return event.node;
}

} // namespace faultlab
