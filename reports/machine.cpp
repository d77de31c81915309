#include "reports/machine.hpp"

#include "reports/facts.hpp"
#include "reports/planted.hpp"
#include "reports/sentence.hpp"
#include "reports/steps.hpp"
#include "reports/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

// Values as text: a report stays small however large the values of the run are.
Json value_tree(const Value& value) {
    if (value.is_absent()) return nullptr;
    if (const bool* boolean = value.boolean()) return *boolean;
    if (const std::int64_t* integer = value.integer()) return *integer;
    if (const std::string* text = value.text()) return visible(*text, 120);
    return value_text(value, 120);
}

Json params_tree(const Params& params) {
    Json tree = Json::object();
    for (const auto& [name, value] : params)
        tree[visible(name, 80)] = value_tree(value);
    return tree;
}

std::string lower(std::string_view word) {
    std::string text(word);
    for (char& c : text)
        c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return text;
}

Json run_tree(const Record& record, const Tally& tally) {
    Json nodes = Json::array();
    for (std::size_t i = 0; i < record.cluster.nodes.size(); ++i)
        nodes.push_back({{"id", node_name(record, static_cast<NodeId>(i))},
                         {"address", visible(record.cluster.nodes[i].address, 80)}});
    Json tree = {{"id", visible(record.run_id, 80)},
                 {"system", visible(record.plan.system, 80)},
                 {"version", meta_text(record, "system_version")},
                 {"workload", visible(record.plan.workload, 80)},
                 {"started", meta_text(record, "started_utc")},
                 {"ended", meta_text(record, "ended")},
                 {"duration_ns", tally.end},
                 {"seed", seed_text(record.plan.seed)},
                 {"lab_version", meta_text(record, "lab_version")},
                 {"nodes", std::move(nodes)}};
    for (const PlantedInRun& bug : planted_in(record)) {
        tree["planted_bugs"].push_back(
            {{"id", visible(bug.id, 40)}, {"fired", bug.fired ? Json(*bug.fired) : Json(nullptr)}});
    }
    return tree;
}

Json verdict_tree(const Story& story) {
    Json tree = {{"status", lower(word_of(story.outcome))},
                 {"headline", story.headline},
                 {"sentence", story.sentence},
                 {"checker", story.checker},
                 {"reason", story.reason}};
    if (story.finding) {
        tree["anomaly"] = visible(story.finding->anomaly, 80);
        tree["scope"] = {{"key", value_tree(story.finding->key)}};
    }
    if (!story.class_name.empty())
        tree["likely_class"] = {{"name", detail_text(*story.finding, "class")},
                                {"rule", story.class_rule},
                                {"heuristic", true}};
    if (!story.notes.empty()) tree["notes"] = story.notes;
    return tree;
}

Json evidence_tree(const Tally& tally) {
    Json faults = Json::object();
    for (const auto& [nemesis, counted] : tally.faults)
        faults[visible(nemesis, 80)] = {{"injected", counted.injected},
                                        {"effective", counted.effective}};
    Json tree = {{"ops", {{"ok", tally.ok}, {"info", tally.indeterminate}, {"fail", tally.failed}}},
                 {"ok_reads", tally.ok_reads},
                 {"keys", tally.keys},
                 {"keys_changed", tally.keys_changed},
                 {"keys_changed_then_read", tally.keys_changed_then_read},
                 {"faults", std::move(faults)}};
    if (tally.frequent_error_count > 0)
        tree["frequent_error"] = {{"text", tally.frequent_error},
                                  {"count", tally.frequent_error_count}};
    return tree;
}

Json op_tree(const Op& op) {
    return {{"f", visible(op.f, 80)},
            {"key", value_tree(op.key)},
            {"arg", value_tree(op.arg)},
            {"ret", value_tree(op.ret)},
            {"status", std::string(to_string(op.status))},
            {"client", op.client},
            {"process", op.process},
            {"node", op.node},
            {"t_inv_ns", op.t_inv},
            {"t_ret_ns", op.t_ret < 0 ? Json(nullptr) : Json(op.t_ret)},
            {"error", visible(op.error, 200)}};
}

Json step_tree(const Record& record, const StoryStep& step) {
    Json tree;
    switch (step.kind) {
        case StoryStep::Kind::operation:
            tree = {{"kind", "op"}, {"op", step.id}};
            tree.update(op_tree(record.history.op(step.id)));
            break;
        case StoryStep::Kind::fault: tree = {{"kind", "fault"}, {"fault", step.id}}; break;
        case StoryStep::Kind::event: tree = {{"kind", "event"}, {"event", step.id}}; break;
    }
    tree["t_ns"] = step.t;
    tree["text"] =
        step.actor + ": " + step.action + (step.outcome.empty() ? "" : ", " + step.outcome);
    if (!step.remark.empty()) tree["remark"] = step.remark;
    if (step.divergent) tree["divergent"] = true;
    return tree;
}

Json counterexample_tree(const Record& record, const Story& story) {
    if (!story.finding) return nullptr;
    const Finding& finding = *story.finding;
    Json steps = Json::array();
    for (const StoryStep& step : story.steps)
        steps.push_back(step_tree(record, step));
    Json tree = {{"minimal", finding.minimal ? "proven" : "no"},
                 {"ops", finding.ops},
                 {"considered_ops", finding.considered_ops},
                 {"explained_ops", finding.explained_ops},
                 {"steps", std::move(steps)},
                 {"details", params_tree(finding.details)}};
    const std::optional<Op> last =
        story.first ? divergence(record.history, *story.first) : std::nullopt;
    if (last) tree["first_divergence"] = {{"op", last->id}, {"t_ns", last->t_inv}};
    if (!story.first) tree["first_divergence"] = nullptr;
    const Window window = window_of(record, finding);
    if (window.to >= window.from) tree["window_ns"] = {window.from, window.to};
    return tree;
}

Json checkers_tree(std::span<const CheckResult> results) {
    Json tree = Json::array();
    for (const CheckResult& result : results) {
        Json one = {{"name", visible(result.checker, 80)},
                    {"status", std::string(to_string(result.verdict))},
                    {"reason", visible(result.reason, 600)},
                    {"findings", result.findings.size()},
                    {"statistics", params_tree(result.statistics)}};
        if (result.took >= 0) one["took_ns"] = result.took;
        tree.push_back(std::move(one));
    }
    return tree;
}

Json faults_tree(const Record& record) {
    Json tree = Json::array();
    for (const FaultRecord& fault : record.faults) {
        Json targets = Json::array();
        for (const NodeId node : fault.fault.targets)
            targets.push_back(node_name(record, node));
        tree.push_back({{"id", fault.fault.id},
                        {"class", visible(fault.fault.nemesis, 80)},
                        {"summary", visible(fault.fault.summary, 200)},
                        {"targets", std::move(targets)},
                        {"state", std::string(to_string(fault.state))},
                        {"start_ns", fault.t_started < 0 ? Json(nullptr) : Json(fault.t_started)},
                        {"stop_ns", fault.t_ended < 0 ? Json(nullptr) : Json(fault.t_ended)},
                        {"effective", fault.effective()},
                        {"healed", fault.healed()},
                        {"effect", effect_text(record, fault)}});
    }
    return tree;
}

} // namespace

std::string render_json(const Record& record,
                        std::span<const CheckResult> results,
                        const StoryContext& context) {
    const Story story = make_story(record, results, context);
    const Json tree = {{"schema", "faultlab.report/1"},
                       {"run", run_tree(record, story.tally)},
                       {"verdict", verdict_tree(story)},
                       {"evidence", evidence_tree(story.tally)},
                       {"counterexample", counterexample_tree(record, story)},
                       {"checkers", checkers_tree(results)},
                       {"faults", faults_tree(record)},
                       {"repro",
                        {{"command", visible(context.replay_command, 400)},
                         {"seed", seed_text(record.plan.seed)}}}};
    return tree.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace faultlab
