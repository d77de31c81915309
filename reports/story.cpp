#include "reports/story.hpp"

#include "checker/judge.hpp"
#include "reports/facts.hpp"
#include "reports/planted.hpp"
#include "reports/sentence.hpp"
#include "reports/steps.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace faultlab {
namespace {

// A checker that failed is a failure of the lab, not of what it judged.
std::string checker_failure(std::span<const CheckResult> results) {
    for (const CheckResult& result : results)
        if (lab_failed({&result, 1}))
            return visible(result.checker, 60) + ": " + visible(result.reason, 300);
    return {};
}

std::string lab_failure(const Record& record,
                        std::span<const CheckResult> results,
                        const StoryContext& context) {
    if (!context.lab_error.empty()) return visible(context.lab_error, 400);
    const std::string ended = meta_text(record, "ended");
    constexpr std::string_view mark = "error: ";
    return ended.starts_with(mark) ? ended.substr(mark.size()) : checker_failure(results);
}

// A violation stands whatever else went wrong; a failure of the lab hides a pass.
Outcome judge(std::span<const CheckResult> results, bool lab_failed) {
    Verdict verdict = results.empty() ? Verdict::unknown : Verdict::valid;
    for (const CheckResult& result : results)
        verdict = worst(verdict, result.verdict);
    if (verdict == Verdict::invalid) return Outcome::invalid;
    if (lab_failed) return Outcome::error;
    return verdict == Verdict::valid ? Outcome::valid : Outcome::unknown;
}

// A key that is easy to understand need not be the one that shows first.
std::optional<Finding>
first_to_show(const Record& record, const CheckResult& accuser, const Finding& told) {
    if (accuser.checker != "linearizability") return told;
    const Finding* first = nullptr;
    Index earliest = never;
    for (const Finding& finding : accuser.findings) {
        if (is_doubt(finding)) continue;
        if (finding.details.contains("first_divergence_unknown")) return std::nullopt;
        const std::optional<Op> last = divergence(record.history, finding);
        if (!last || (first != nullptr && last->ret_index >= earliest)) continue;
        first = &finding;
        earliest = last->ret_index;
    }
    return first == nullptr ? told : *first;
}

// The finding that is quickest to understand: a reduced one before a mere divergence, one with a
// fault in its window before one without (it shows a cause), then the fewest operations, then the
// earliest.
void choose_finding(const Record& record, std::span<const CheckResult> results, Story& story) {
    const auto rank = [&record](const Finding& finding) -> std::array<Nanos, 5> {
        const Window window = window_of(record, finding);
        const auto reduced = finding.details.find("reduced");
        const bool whole = reduced != finding.details.end() &&
                           reduced->second.boolean() != nullptr && !*reduced->second.boolean();
        return {whole || window.to < window.from ? 1 : 0,
                finding.minimal ? 0 : 1,
                finding.faults.empty() ? 1 : 0,
                static_cast<Nanos>(finding.ops.size()),
                window.from};
    };
    const CheckResult* accuser = nullptr;
    const Finding* best = nullptr;
    std::int64_t findings = 0;
    for (const CheckResult& result : results) {
        if (result.verdict != Verdict::invalid) continue;
        if (accuser == nullptr) accuser = &result;
        for (const Finding& finding : result.findings) {
            if (is_doubt(finding)) continue;
            ++findings;
            if (best != nullptr && rank(finding) >= rank(*best)) continue;
            accuser = &result;
            best = &finding;
        }
    }
    if (accuser == nullptr) return;
    story.checker = visible(accuser->checker, 60);
    story.reason = visible(accuser->reason, 400);
    if (best == nullptr) return;
    story.finding = *best;
    story.first = first_to_show(record, *accuser, *best);
    story.other_findings = findings - 1;
}

std::string run_line(const Record& record, const Tally& tally) {
    std::string text = visible(record.plan.system, 60);
    const auto add = [&text](const std::string& part) {
        if (part.empty()) return;
        text += (text.empty() ? "" : " · ") + part;
    };
    if (tally.foreign) {
        add(visible(record.run_id, 60)); // the file
        add(count_text(tally.operations(), "operation"));
        if (tally.keys > 1) add(count_text(tally.keys, "key"));
        if (tally.end > 0) add(duration_text(tally.end));
        return text;
    }
    if (const std::string version = meta_text(record, "system_version"); !version.empty())
        text += (text.empty() ? "" : " ") + version;
    add(planted_text(record));
    if (!record.run_id.empty()) add("run " + visible(record.run_id, 40));
    add(count_text(record.plan.nodes, "node"));
    add(duration_text(tally.end));
    return text;
}

std::string under_faults(const Record& record, const Tally& tally) {
    if (tally.foreign) return {};
    if (record.plan.nemeses.empty()) return ", without faults";
    return " under " + list_text(record.plan.nemeses);
}

std::string caption_of(const Record& record, const Finding& finding, const Story& story) {
    const auto operations =
        std::ranges::count(story.steps, StoryStep::Kind::operation, &StoryStep::kind);
    const auto others = static_cast<std::int64_t>(story.steps.size()) - operations;
    const auto cited = static_cast<std::int64_t>(counterexample(record.history, finding).size());
    std::string text =
        fmt::format("{} of {}",
                    count_text(cited),
                    count_text(static_cast<std::int64_t>(record.history.size()), "operation"));
    if (others > 0) text += " and " + count_text(others, "event");
    // What shows the violation may be that it did nothing: then it is no part of the proof.
    const bool all = std::ranges::find(finding.ops, finding.divergence) != finding.ops.end();
    if (finding.minimal)
        text += fmt::format("; no operation{} can be removed and still fail",
                            all ? "" : " but the divergence");
    if (operations < cited)
        text += fmt::format("; {} in the middle are left out here", count_text(cited - operations));
    return text;
}

void tell_invalid(const Record& record, Story& story) {
    if (!story.finding) {
        story.headline = fmt::format(
            "{}: violation found by {}", visible(record.plan.workload, 60), story.checker);
        story.sentence = as_sentence(story.reason);
        return;
    }
    const Finding& finding = *story.finding;
    story.headline = headline_of(record.plan.workload, finding);
    story.sentence = sentence_of(record, finding, story.reason);
    story.steps = make_steps(record, finding);
    if (!story.steps.empty()) story.caption = caption_of(record, finding, story);
    story.class_name = detail_text(finding, "class");
    std::ranges::replace(story.class_name, '_', ' ');
    story.class_rule = detail_text(finding, "rule");
}

void tell_valid(const Record& record, std::span<const CheckResult> results, Story& story) {
    story.headline =
        visible(record.plan.workload, 60) + ": no violation" + under_faults(record, story.tally);
    const bool linearizable = std::ranges::any_of(
        results, [](const CheckResult& result) { return result.checker == "linearizability"; });
    story.sentence =
        linearizable
            ? fmt::format("On each of {} one order of the operations explains every one of the {} "
                          "answers.",
                          count_text(story.tally.keys, "key"),
                          count_text(story.tally.ok))
            : fmt::format("None of {} objects to any of the {} answers.",
                          count_text(static_cast<std::int64_t>(results.size()), "checker"),
                          count_text(story.tally.ok));
    story.checker = linearizable ? "linearizability" : visible(results.front().checker, 60);
}

void tell_unknown(const Record& record, std::span<const CheckResult> results, Story& story) {
    story.headline = visible(record.plan.workload, 60) + ": could not be judged";
    const auto doubt = std::ranges::find(results, Verdict::unknown, &CheckResult::verdict);
    if (doubt == results.end()) {
        story.reason = "no checker has judged this record yet";
    } else {
        story.checker = visible(doubt->checker, 60);
        story.reason = visible(doubt->reason, 400);
    }
    story.sentence =
        "No violation was seen, and none is excluded: " +
        (story.reason.empty() ? std::string("the checker gave no reason") : story.reason) + ".";
}

void tell_error(const Record& record,
                std::span<const CheckResult> results,
                const StoryContext& context,
                Story& story) {
    story.headline = visible(record.plan.workload, 60) + ": the lab failed, the run is not judged";
    story.reason = lab_failure(record, results, context);
    story.sentence = as_sentence(story.reason);
}

void add_notes(const Record& record,
               std::span<const CheckResult> results,
               const StoryContext& context,
               Story& story) {
    const std::string ended = meta_text(record, "ended");
    if (ended.empty() && context.lab_error.empty()) {
        story.notes.push_back(
            "The lab was killed before this run ended: the record is complete "
            "up to its last commit, and faults may not have been healed by then.");
    } else if (ended == "interrupted") {
        story.notes.push_back("The run was interrupted: faults were healed, and what had happened "
                              "until then was checked.");
    }
    const std::string failure = lab_failure(record, results, context);
    if (story.outcome == Outcome::invalid && !failure.empty())
        story.notes.push_back("The lab failed too (" + failure +
                              "); the violation stands on what was recorded before.");
    if (const std::string logs = meta_text(record, "replica_logs"); !logs.empty())
        story.notes.push_back("Outcomes that no client learned were " + logs + ".");
    if (const std::string note = meta_text(record, "note"); !note.empty())
        story.notes.push_back(note + ".");
    const auto dropped = record.meta.find("dropped");
    const std::int64_t* count = dropped == record.meta.end() ? nullptr : dropped->second.integer();
    if (count != nullptr && *count > 0) {
        story.notes.push_back(
            fmt::format("{} never invoked: the clients had fallen behind the "
                        "planned rate.",
                        count_text(*count, "operation") + (*count == 1 ? " was" : " were")));
    }
}

} // namespace

std::string_view word_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::valid: return "VALID";
        case Outcome::unknown: return "UNKNOWN";
        case Outcome::error: return "ERROR";
        case Outcome::invalid: return "INVALID";
    }
    return "UNKNOWN";
}

std::string_view glyph_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::valid: return "✔";
        case Outcome::unknown: return "?";
        case Outcome::error: return "!";
        case Outcome::invalid: return "✖";
    }
    return "?";
}

Story make_story(const Record& record,
                 std::span<const CheckResult> results,
                 const StoryContext& context) {
    Story story;
    story.tally = tally(record);
    story.outcome = judge(results, !lab_failure(record, results, context).empty());
    story.run_line = run_line(record, story.tally);
    switch (story.outcome) {
        case Outcome::invalid:
            choose_finding(record, results, story);
            tell_invalid(record, story);
            break;
        case Outcome::valid: tell_valid(record, results, story); break;
        case Outcome::unknown: tell_unknown(record, results, story); break;
        case Outcome::error: tell_error(record, results, context, story); break;
    }
    add_notes(record, results, context, story);
    add_facts(record, results, context, story);
    return story;
}

} // namespace faultlab
