// Checker `alarms`.
// Judges: nobody who watched the replicas while they worked saw a rule of the protocol broken.
// Needs: of what was seen, events "alarm" with `rule` and `what` (texts), as simulations record
// them. A record without any is valid: whoever asks for this checker knows that somebody watched.

#include "checker/catalogue_entries.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace faultlab {
namespace {

std::string text_of(const Event& event, const char* field) {
    const auto found = event.fields.find(field);
    const bool text = found != event.fields.end() && found->second.text() != nullptr;
    return text ? *found->second.text() : std::string("?");
}

class Alarms : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget&) const override {
        CheckResult result{.checker = "alarms", .verdict = Verdict::valid};
        for (const Event& event : record.events) {
            if (event.kind != "alarm") continue;
            const std::string rule = text_of(event, "rule");
            const std::string what = text_of(event, "what");
            result.verdict = Verdict::invalid;
            // What is broken breaks more: the first tells most.
            if (result.reason.empty()) result.reason = fmt::format("{}: {}", rule, what);
            result.findings.push_back(
                {.checker = "alarms",
                 .anomaly = "rule_broken",
                 .details = {{"rule", Value(rule)}, {"what", Value(what)}, {"t_ns", event.t}}});
        }
        result.statistics = {{"alarms", static_cast<std::int64_t>(result.findings.size())}};
        return result;
    }
};

} // namespace

std::vector<OptionSpec> alarms_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_alarms(const Options& options) {
    FAULTLAB_DO(complete_options(options, alarms_options(), "checker alarms"));
    return std::unique_ptr<Checker>(std::make_unique<Alarms>());
}

} // namespace faultlab
