// Checker `invariants`.
// Judges: the rules of protocols that replicate a log (monitors/catalogue.cpp), as far as replicas
// show what the rules are about: an acknowledged entry is on disk, nobody goes back to an earlier
// view, a view has one leader, equal ops make equal states, …
// Needs: samples and events of the system under test; monitors/record_events.hpp names them. What
// was seen broken while a simulation ran are events "alarm", with `rule` and `what` (texts).
// Unknown when no rule found anything to judge. Rules that did not are named in the statistics:
// they neither hold nor are broken.

#include "checker/catalogue_entries.hpp"
#include "checker/monitors/monitor_set.hpp"
#include "checker/monitors/record_events.hpp"
#include "checker/record_fields.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// The first alarm of a rule, and how many came.
struct Broken {
    Alarm first;
    std::int64_t times = 0;
};
using BrokenRules = std::vector<Broken>; ///< in the order in which they broke

void count(BrokenRules& broken, Alarm alarm) {
    const auto known =
        std::ranges::find(broken, alarm.rule, [](const Broken& each) { return each.first.rule; });
    if (known != broken.end())
        ++known->times;
    else
        broken.push_back({.first = std::move(alarm), .times = 1});
}

/// What was seen while it happened: it saw more, and so tells first.
BrokenRules watched(const Record& record) {
    BrokenRules broken;
    for (const Event& event : record.events) {
        if (event.kind != "alarm") continue;
        count(broken,
              {.rule = std::string(text_field(event, "rule").value_or("?")),
               .t = event.t,
               .what = std::string(text_field(event, "what").value_or("?"))});
    }
    return broken;
}

/// What the record shows by itself.
BrokenRules replayed(const Record& record, MonitorSet& monitors) {
    BrokenRules broken;
    replay_record(record, [&](const ProtocolEvent& event) {
        monitors.on(event);
        for (Alarm& alarm : monitors.take_alarms()) {
            if (alarm.node != no_node)
                alarm.what = fmt::format("replica {} {}", name_of(record, alarm.node), alarm.what);
            count(broken, std::move(alarm));
        }
    });
    return broken;
}

Finding finding(const Broken& broken) {
    Finding finding{.checker = "invariants",
                    .anomaly = "rule_broken",
                    .details = {{"rule", Value(broken.first.rule)},
                                {"node", broken.first.node},
                                {"t_ns", broken.first.t},
                                {"what", Value(broken.first.what)},
                                {"times", broken.times}}};
    const auto rule = std::ranges::find(monitor_catalogue(), broken.first.rule, &MonitorEntry::id);
    if (rule != monitor_catalogue().end()) {
        finding.details["name"] = Value(rule->name);
        finding.details["says"] = Value(rule->summary);
    }
    return finding;
}

class Invariants : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget&) const override {
        CheckResult result{.checker = "invariants", .verdict = Verdict::valid};
        MonitorSet monitors;
        BrokenRules broken = watched(record);
        for (Broken& shown : replayed(record, monitors)) {
            const auto known = std::ranges::find(
                broken, shown.first.rule, [](const Broken& each) { return each.first.rule; });
            if (known == broken.end()) broken.push_back(std::move(shown));
        }
        for (const Broken& rule : broken)
            result.findings.push_back(finding(rule));
        const bool looked = count_rules(monitors, broken, result);
        if (!broken.empty()) {
            const Alarm& first = broken.front().first;
            result.verdict = Verdict::invalid;
            result.reason = fmt::format("{}: {}", first.rule, first.what);
        } else if (!looked) {
            result.verdict = Verdict::unknown;
            result.reason = "the record shows nothing that any rule is about";
        }
        return result;
    }

private:
    /// What became of each rule; whether any had something to judge.
    static bool
    count_rules(const MonitorSet& monitors, const BrokenRules& broken, CheckResult& result) {
        std::vector<std::string> held;
        std::vector<std::string> unjudged;
        const std::vector<std::uint64_t> judged = monitors.judged();
        for (std::size_t i = 0; i < judged.size(); ++i) {
            const std::string id(monitor_catalogue()[i].id);
            const auto is_it = [&](const Broken& each) { return each.first.rule == id; };
            if (std::ranges::any_of(broken, is_it)) continue;
            if (judged[i] == 0)
                unjudged.push_back(id);
            else
                held.push_back(fmt::format("{} ({})", id, judged[i]));
        }
        std::vector<std::string> wrong;
        for (const Broken& rule : broken)
            wrong.push_back(fmt::format("{} ({})", rule.first.rule, rule.times));
        result.statistics = {{"held", fmt::format("{}", fmt::join(held, ", "))},
                             {"broken", fmt::format("{}", fmt::join(wrong, ", "))},
                             {"not_judged", fmt::format("{}", fmt::join(unjudged, ", "))}};
        return !held.empty();
    }
};

} // namespace

std::vector<OptionSpec> invariants_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_invariants(const Options& options) {
    FAULTLAB_DO(complete_options(options, invariants_options(), "checker invariants"));
    return std::unique_ptr<Checker>(std::make_unique<Invariants>());
}

} // namespace faultlab
