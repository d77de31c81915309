#include "reports/tables.hpp"

#include "reports/steps.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace faultlab::tables {
namespace {

constexpr std::size_t most_faults = 300;
constexpr std::size_t most_logs = 200;
constexpr std::size_t most_plan_lines = 4'000;

Outcome outcome_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::valid: return Outcome::valid;
        case Verdict::unknown: return Outcome::unknown;
        case Verdict::invalid: return Outcome::invalid;
    }
    return Outcome::unknown;
}

// "keys k3, k17": what the findings are about.
std::string scope_of(const CheckResult& result) {
    constexpr std::size_t most = 6;
    std::vector<std::string> keys;
    for (const Finding& finding : result.findings) {
        if (finding.key.is_absent()) continue;
        std::string key = key_text(finding.key);
        if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
    }
    if (keys.empty()) return "whole run";
    const std::size_t more = keys.size() > most ? keys.size() - most : 0;
    keys.resize(keys.size() - more);
    std::string text = (keys.size() == 1 ? "key " : "keys ") + list_text(keys);
    return more == 0 ? text : fmt::format("{} and {} more", text, more);
}

std::string moment_or(Nanos t, const char* otherwise) {
    return t < 0 ? std::string(otherwise) : moment_text(t);
}

std::string measurement(const Record& record, const Evidence& evidence) {
    std::string text = std::string(to_string(evidence.phase)) + ": ";
    if (evidence.node != no_node) text += node_name(record, evidence.node) + " ";
    std::string name = visible(evidence.name, 60);
    std::ranges::replace(name, '_', ' ');
    return text + name + " " + value_text(evidence.value, 80);
}

void fault_row(Markup& out, const Record& record, const FaultRecord& fault) {
    std::string measured;
    for (const Evidence& evidence : fault.evidence) {
        if (measured.size() > 1'000) {
            measured += "; …";
            break;
        }
        measured += (measured.empty() ? "" : "; ") + measurement(record, evidence);
    }
    const bool effective = fault.effective();
    const bool healed = fault.healed();
    out.put("<tr><td class=\"num\">{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td>"
            "<td class=\"num\">{}</td>",
            fault.fault.id,
            visible(fault.fault.nemesis, 60),
            visible(fault.fault.summary, 160),
            moment_or(fault.t_started, "never"),
            moment_or(fault.t_ended, "never"));
    out.put("<td class=\"{}\">{}</td><td class=\"{}\">{}</td><td class=\"small\">{}</td></tr>\n",
            effective ? "good" : "bad",
            effective ? "✔ yes" : "✖ not proven",
            healed ? "good" : "bad",
            healed ? "✔ yes" : "✖ not proven",
            measured.empty() ? std::string("nothing was measured") : measured);
}

void row(Markup& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.put("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, value);
}

std::string options_text(const Options& options) {
    std::string text;
    for (const auto& [name, value] : options) {
        text += (text.empty() ? "" : ", ") + visible(name, 60) + " = " + visible(value, 80);
    }
    return text;
}

void plan_text(Markup& out, const Plan& plan) {
    const std::string json = to_json(plan);
    out.put("<details><summary>The whole plan (JSON)</summary><pre>");
    std::size_t lines = 0;
    for (std::size_t at = 0; at < json.size() && lines < most_plan_lines; ++lines) {
        const std::size_t end = std::min(json.find('\n', at), json.size());
        out.put("{}\n", visible(std::string_view(json).substr(at, end - at), 300));
        at = end + 1;
    }
    if (lines == most_plan_lines) out.put("… the rest is in run.db\n");
    out.put("</pre></details>\n");
}

} // namespace

bool checkers(Markup& out, std::span<const CheckResult> results) {
    if (results.empty()) return false;
    const bool timed = std::ranges::any_of(results, [](const auto& r) { return r.took >= 0; });
    out.put("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Verdict</th>"
            "<th scope=\"col\">Checker</th><th scope=\"col\">Scope</th><th scope=\"col\">Reason"
            "</th><th scope=\"col\">Measured</th>{}</tr></thead><tbody>\n",
            Raw{timed ? "<th scope=\"col\" class=\"num\">Time</th>" : ""});
    for (const CheckResult& result : results) {
        const Outcome outcome = outcome_of(result.verdict);
        out.put("<tr><td class=\"verdict {}\">{} {}</td><td>{}</td><td>{}</td><td>{}</td>"
                "<td class=\"small\">{}</td>",
                word_of(outcome),
                glyph_of(outcome),
                word_of(outcome),
                visible(result.checker, 60),
                scope_of(result),
                visible(result.reason, 300),
                visible(params_text(result.statistics), 400));
        if (timed) {
            out.put("<td class=\"num\">{}</td>",
                    result.took < 0 ? std::string("–") : duration_text(result.took));
        }
        out.put("</tr>\n");
    }
    out.put("</tbody></table></div>\n");
    return true;
}

bool faults(Markup& out, const Record& record) {
    if (record.faults.empty()) return false;
    out.put("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>"
            "<th scope=\"col\" class=\"num\">Fault</th><th scope=\"col\">Kind</th>"
            "<th scope=\"col\">What</th><th scope=\"col\" class=\"num\">Started, s</th>"
            "<th scope=\"col\" class=\"num\">Ended, s</th><th scope=\"col\">Took effect</th>"
            "<th scope=\"col\">Gone after</th><th scope=\"col\">Measured</th></tr></thead>"
            "<tbody>\n");
    for (std::size_t i = 0; i < std::min(record.faults.size(), most_faults); ++i)
        fault_row(out, record, record.faults[i]);
    out.put("</tbody></table></div>\n");
    if (record.faults.size() > most_faults) {
        out.put("<p class=\"words\">The first {} of {} faults are listed; all are in run.db.</p>\n",
                most_faults,
                record.faults.size());
    }
    return true;
}

void configuration(Markup& out, const Record& record) {
    const Plan& plan = record.plan;
    out.put("<div class=\"scroll\" tabindex=\"0\"><table class=\"pairs\"><tbody>\n");
    row(out, "System", visible(plan.system, 80));
    row(out, "Workload", visible(plan.workload, 80));
    row(out, "Options", options_text(plan.options));
    row(out, "Faults asked for", plan.nemeses.empty() ? "none" : list_text(plan.nemeses));
    row(out, "Seed", seed_text(plan.seed));
    row(out,
        "Load",
        fmt::format("{}, {} a node, {} for {}",
                    count_text(plan.nodes, "node"),
                    count_text(plan.workers_per_node, "worker"),
                    plan.rate == 0 ? std::string("closed loop")
                                   : count_text(plan.rate, "operation") + " a second",
                    duration_text(plan.duration)));
    row(out,
        "Limits",
        fmt::format("operation {}, recovery {}, settling {}",
                    duration_text(plan.op_timeout),
                    duration_text(plan.recovery_limit),
                    duration_text(plan.settle)));
    for (const auto& [name, value] : record.meta) {
        const std::string* text = value.text();
        row(out, title_text(name), text != nullptr ? visible(*text, 200) : value_text(value, 200));
    }
    out.put("</tbody></table></div>\n");
    plan_text(out, plan);
}

bool nodes(Markup& out, const Record& record) {
    if (record.cluster.nodes.empty() && record.logs.empty()) return false;
    out.put("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Node</th>"
            "<th scope=\"col\">Address</th><th scope=\"col\">Log</th>"
            "<th scope=\"col\" class=\"num\">Bytes</th></tr></thead><tbody>\n");
    for (std::size_t i = 0; i < record.cluster.nodes.size(); ++i) {
        const auto node = static_cast<NodeId>(i);
        if (std::ranges::find(record.logs, node, &LogFile::node) != record.logs.end()) continue;
        out.put("<tr><td>{}</td><td>{}</td><td>none collected</td><td></td></tr>\n",
                node_name(record, node),
                visible(record.cluster.nodes[i].address, 60));
    }
    for (std::size_t i = 0; i < std::min(record.logs.size(), most_logs); ++i) {
        const LogFile& log = record.logs[i];
        const auto at = static_cast<std::size_t>(log.node);
        const bool known = log.node >= 0 && at < record.cluster.nodes.size();
        out.put("<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td></tr>\n",
                node_name(record, log.node),
                known ? visible(record.cluster.nodes[at].address, 60) : std::string(),
                visible(log.path, 160),
                count_text(log.bytes));
    }
    out.put("</tbody></table></div>\n");
    return true;
}

} // namespace faultlab::tables
