#include "reports/facts.hpp"

#include "reports/planted.hpp"
#include "reports/sentence.hpp"
#include "reports/steps.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

void add_fact(Story& story,
              std::string label,
              std::vector<std::string> lines,
              bool command = false) {
    std::erase(lines, "");
    if (lines.empty()) return;
    story.facts.push_back(
        {.label = std::move(label), .lines = std::move(lines), .command = command});
}

std::string divergence_line(const Record& record, const Finding& finding) {
    const std::optional<Op> last = divergence(record.history, finding);
    if (!last) return {};
    std::string text = fmt::format("{} s, operation #{}", moment_text(last->t_inv), last->id);
    if (finding.considered_ops <= 0) return text;
    return fmt::format("{}: the longest explanation covers {} of {}{}",
                       text,
                       count_text(finding.explained_ops),
                       count_text(finding.considered_ops, "operation"),
                       finding.key.is_absent() ? "" : " on key " + key_text(finding.key));
}

std::vector<std::string> divergence_lines(const Record& record, const Story& story) {
    const std::string shown = divergence_line(record, *story.finding);
    if (shown.empty()) return {};
    if (!story.first) return {"not known; of the operations shown: " + shown};
    if (story.first->divergence == story.finding->divergence) return {shown};
    return {divergence_line(record, *story.first), "of the operations shown: " + shown};
}

std::string fault_line(const FaultRecord& fault) {
    const std::string from = moment_text(fault.t_started);
    const std::string when =
        fault.t_ended < 0 ? "since " + from : from + " to " + moment_text(fault.t_ended);
    return fmt::format("{}, {} s{}",
                       fault_text(fault.fault),
                       when,
                       fault.effective() ? "" : ", no effect measured");
}

bool in_force(const FaultRecord& fault, Nanos from, Nanos to) {
    return fault.t_started >= 0 && fault.t_started <= to &&
           (fault.t_ended < 0 || fault.t_ended >= from);
}

// In force while the divergent operation ran; else those of the whole counterexample.
std::vector<std::string> active_lines(const Record& record, const Finding& finding) {
    const std::optional<Op> last = subject(record.history, finding);
    const Window window = window_of(record, finding);
    if (window.to < window.from) return {};
    const Nanos from = last ? last->t_inv : window.from;
    const Nanos to = last ? std::max(last->t_ret, from) : window.to;
    std::vector<std::string> lines;
    for (const FaultRecord& fault : record.faults)
        if (in_force(fault, from, to)) lines.push_back(fault_line(fault));
    if (!lines.empty()) return lines;
    lines.emplace_back("none at that moment");
    for (const FaultRecord& fault : record.faults) {
        if (in_force(fault, window.from, window.to))
            lines.push_back("earlier in the counterexample: " + fault_line(fault));
    }
    return lines;
}

// A fault with effect on the node that served the operation, while it ran.
const FaultRecord* fault_on(const Record& record, const Op& op) {
    for (const FaultRecord& fault : record.faults) {
        const auto& targets = fault.fault.targets;
        const bool there = std::ranges::find(targets, op.node) != targets.end();
        if (there && fault.effective() && in_force(fault, op.t_inv, std::max(op.t_inv, op.t_ret)))
            return &fault;
    }
    return nullptr;
}

// "a partition", "an isolation"
std::string with_article(const FaultRecord& fault) {
    const std::string name = visible(fault.fault.nemesis, 60);
    const bool vowel = name.find_first_of("aeiou") == 0;
    return (vowel ? "an " : "a ") + name;
}

// "stale read, answered by n1 while a partition was in force on it"
std::string class_line(const Record& record, const Finding& finding) {
    std::string name = detail_text(finding, "class");
    if (name.empty() || name == "nonlinearizable") return {};
    std::ranges::replace(name, '_', ' ');
    const std::optional<Op> last = subject(record.history, finding);
    if (!last) return name;
    if (const FaultRecord* fault = fault_on(record, *last)) {
        return fmt::format("{}, answered by {} while {} was in force on it",
                           name,
                           node_name(record, last->node),
                           with_article(*fault));
    }
    const std::optional<Missed> missed = missed_change(record.history, finding, wording_of(record));
    const FaultRecord* fault = missed ? fault_on(record, missed->change) : nullptr;
    if (fault == nullptr) return name;
    return fmt::format("{}, acknowledged by {} while {} was in force on it",
                       name,
                       node_name(record, missed->change.node),
                       with_article(*fault));
}

std::string others_line(std::span<const CheckResult> results, const Story& story) {
    if (story.other_findings <= 0) return {};
    constexpr std::size_t most_keys = 8;
    std::vector<std::string> keys;
    for (const CheckResult& result : results) {
        if (result.verdict != Verdict::invalid) continue;
        for (const Finding& finding : result.findings) {
            if (is_doubt(finding) || finding.key.is_absent() || finding.key == story.finding->key)
                continue;
            std::string name = key_text(finding.key);
            if (std::ranges::find(keys, name) == keys.end()) keys.push_back(std::move(name));
        }
    }
    std::string text = count_text(story.other_findings, "more finding");
    if (keys.empty()) return text;
    const std::size_t more = keys.size() > most_keys ? keys.size() - most_keys : 0;
    keys.resize(keys.size() - more);
    if (more > 0) keys.push_back(count_text(static_cast<std::int64_t>(more), "other key"));
    return text + ", on " + list_text(keys);
}

// One line a reason: checkers join theirs with semicolons.
std::vector<std::string> reason_lines(std::span<const CheckResult> results) {
    std::vector<std::string> lines;
    for (const CheckResult& result : results) {
        if (result.verdict != Verdict::unknown) continue;
        const std::string reason = visible(result.reason, 500);
        for (std::size_t at = 0; at < reason.size();) {
            const std::size_t end = std::min(reason.find("; ", at), reason.size());
            lines.push_back(visible(result.checker, 60) + ": " + reason.substr(at, end - at));
            at = end + 2;
        }
    }
    return lines;
}

bool says(const std::vector<std::string>& lines, std::string_view word) {
    return std::ranges::any_of(
        lines, [word](const std::string& line) { return line.find(word) != std::string::npos; });
}

std::vector<std::string> next_steps(const std::vector<std::string>& reasons,
                                    const StoryContext& context,
                                    const Tally& counted) {
    const std::string run = visible(context.run, 200);
    std::vector<std::string> lines;
    if (counted.operations() > 0 && counted.ok == 0) {
        lines.push_back("No operation succeeded: read the most frequent error and the logs of the "
                        "nodes, then run again.");
        return lines;
    }
    if (says(reasons, "budget") || says(reasons, "out of time") || says(reasons, "out of memory"))
        lines.push_back("The check ran out of its budget. Give it more with `faultlab check " +
                        run + "`, or run for a shorter time: less history is quicker to check.");
    if (says(reasons, "effect"))
        lines.push_back("A fault that was asked for did nothing measurable: see the faults and "
                        "their evidence, and try `faultlab doctor`.");
    if (says(reasons, "last heal"))
        lines.push_back("The system did not answer in time after the last heal: see the logs of "
                        "the nodes.");
    if (says(reasons, " ok "))
        lines.push_back("Too little was done to earn a pass: run longer (--time) or faster "
                        "(--rate).");
    if (lines.empty())
        lines.push_back("`faultlab check " + run + "` judges the record again, without a cluster.");
    return lines;
}

std::vector<std::string> strength_lines(const Record& record, const Tally& counted) {
    std::vector<std::string> lines;
    std::string scope = fmt::format("A pass speaks of this history only: {}",
                                    count_text(counted.operations(), "operation"));
    if (counted.end > 0) scope += " in " + duration_text(counted.end);
    if (!counted.foreign) {
        scope += fmt::format(" under {}, one seed",
                             record.plan.nemeses.empty() ? std::string("no faults")
                                                         : list_text(record.plan.nemeses));
    }
    lines.push_back(scope + ".");
    if (counted.indeterminate > 0) {
        lines.push_back(fmt::format("The outcome of {} is unknown: each may have happened or "
                                    "not, and may hide what it touched.",
                                    count_text(counted.indeterminate, "operation")));
    }
    std::string untouched;
    for (const auto& [nemesis, faults] : counted.faults)
        if (faults.effective == 0) untouched += (untouched.empty() ? "" : ", ") + visible(nemesis);
    if (!untouched.empty()) lines.push_back("Not exercised at all: " + untouched + ".");
    return lines;
}

void add_judgement(const Record& record,
                   std::span<const CheckResult> results,
                   const StoryContext& context,
                   Story& story) {
    switch (story.outcome) {
        case Outcome::invalid: {
            if (!story.finding) break;
            const std::string name = class_line(record, *story.finding);
            add_fact(story, "FIRST DIVERGENCE", divergence_lines(record, story));
            add_fact(story, "FAULTS ACTIVE", active_lines(record, *story.finding));
            add_fact(story,
                     "LIKELY CLASS",
                     {name.empty() ? name : name + " (a heuristic, not part of the proof)",
                      story.class_rule.empty() || name.empty() ? std::string()
                                                               : "rule: " + story.class_rule});
            break;
        }
        case Outcome::unknown: {
            const std::vector<std::string> reasons = reason_lines(results);
            add_fact(story, "REASONS", reasons);
            add_fact(story, "NEXT STEP", next_steps(reasons, context, story.tally));
            break;
        }
        case Outcome::error:
            add_fact(story,
                     "NEXT STEP",
                     {"`faultlab doctor` says what this machine lacks; what was recorded can still "
                      "be judged: `faultlab check " +
                      visible(context.run, 200) + "`."});
            break;
        case Outcome::valid: break;
    }
}

} // namespace

std::string meta_text(const Record& record, const std::string& name) {
    const auto found = record.meta.find(name);
    if (found == record.meta.end() || found->second.is_absent()) return {};
    const std::string* text = found->second.text();
    return text != nullptr ? visible(*text, 200) : value_text(found->second);
}

void add_facts(const Record& record,
               std::span<const CheckResult> results,
               const StoryContext& context,
               Story& story) {
    add_judgement(record, results, context, story);
    add_fact(story, "PLANTED BUGS", planted_lines(record));
    add_fact(story, "EVIDENCE", {evidence_text(story.tally)});
    if (story.outcome == Outcome::valid)
        add_fact(story, "NOT EXCLUDED", strength_lines(record, story.tally));
    const bool errors_matter = story.outcome == Outcome::unknown || story.outcome == Outcome::error;
    if (errors_matter && story.tally.frequent_error_count > 0) {
        add_fact(story,
                 "MOST FREQUENT ERROR",
                 {fmt::format("{} ({} times)",
                              story.tally.frequent_error,
                              count_text(story.tally.frequent_error_count))});
    }
    add_fact(story, "ALSO FOUND", {others_line(results, story)});
    // A history that no run left has neither a plan nor a seed.
    if (context.replay_command.empty()) return;
    add_fact(story, "REPRODUCE", {visible(context.replay_command, 400)}, true);
    std::string origin = seed_text(record.plan.seed);
    if (const std::string lab = meta_text(record, "lab_version"); !lab.empty())
        origin += (lab.starts_with("faultlab") ? " · " : " · faultlab ") + lab;
    add_fact(story, "SEED", {origin});
}

} // namespace faultlab
