// Checker `invariants`.
// Judges: the rules of protocols that replicate a log (monitors/catalogue.cpp), as far as replicas
// show what the rules are about: an acknowledged entry is on disk, nobody goes back to an earlier
// view, a view has one leader, equal ops make equal states, …
// Needs: samples and events of the system under test; monitors/record_events.hpp names them.
// Unknown when no rule found anything to judge. Rules that did not are named in the statistics:
// they neither hold nor are broken.

#include "checker/catalogue_entries.hpp"
#include "checker/monitors/monitor_set.hpp"
#include "checker/monitors/record_events.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace faultlab {
namespace {

std::string name_of(const Record& record, NodeId node) {
    const auto i = static_cast<std::size_t>(node);
    return node >= 0 && i < record.cluster.nodes.size() ? record.cluster.nodes[i].name
                                                        : fmt::format("node {}", node);
}

/// The first alarm of a rule, and how many came.
struct Broken {
    Alarm first;
    std::int64_t times = 0;
};

Finding finding(const Record& record, const MonitorEntry& rule, const Broken& broken) {
    return {.checker = "invariants",
            .anomaly = "rule_broken",
            .details = {{"rule", Value(rule.id)},
                        {"name", Value(rule.name)},
                        {"says", Value(rule.summary)},
                        {"node", broken.first.node},
                        {"t_ns", broken.first.t},
                        {"what",
                         Value(fmt::format(
                             "{} {}", name_of(record, broken.first.node), broken.first.what))},
                        {"times", broken.times}}};
}

class Invariants : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget&) const override {
        MonitorSet monitors;
        std::map<std::string, Broken, std::less<>> broken;
        replay_record(record, [&](const ProtocolEvent& event) {
            monitors.on(event);
            for (Alarm& alarm : monitors.take_alarms()) {
                Broken& rule = broken[alarm.rule];
                if (rule.times++ == 0) rule.first = std::move(alarm);
            }
        });
        return verdict(record, monitors, broken);
    }

private:
    static CheckResult verdict(const Record& record,
                               const MonitorSet& monitors,
                               const std::map<std::string, Broken, std::less<>>& broken) {
        CheckResult result{.checker = "invariants", .verdict = Verdict::valid};
        std::int64_t looked_at = 0;
        const std::vector<std::uint64_t> judged = monitors.judged();
        for (std::size_t i = 0; i < judged.size(); ++i) {
            const MonitorEntry& rule = monitor_catalogue()[i];
            const std::string name = fmt::format("{} {}", rule.id, rule.name);
            const auto found = broken.find(rule.id);
            if (found != broken.end()) {
                result.statistics[name] = fmt::format("broken {} times", found->second.times);
                result.findings.push_back(finding(record, rule, found->second));
                continue;
            }
            if (judged[i] == 0) {
                result.statistics[name] = "could not be judged";
                continue;
            }
            ++looked_at;
            result.statistics[name] = fmt::format("held {} times", judged[i]);
        }
        if (!result.findings.empty()) {
            const Params& first = result.findings.front().details;
            result.verdict = Verdict::invalid;
            result.reason =
                fmt::format("{}: {}", *first.at("rule").text(), *first.at("what").text());
        } else if (looked_at == 0) {
            result.verdict = Verdict::unknown;
            result.reason = "the record shows nothing that any rule is about";
        }
        return result;
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
