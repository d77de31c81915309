// Checker `log-patterns`.
// Judges: no line of the collected logs matches a pattern that must not appear: a panic, a failed
// assertion, a report of a sanitizer.
// Needs: the texts of the logs, which the caller has read (LogFile::text).
// Options: `patterns`, alternatives separated by '|'; in each '*' stands for any characters, and
// all else for itself, anywhere in a line. `ignore`: lines that match one of these are none.
// Unknown: no log was collected, or the text of one is not there, or there is no pattern.
// Cost: linear in the text for each pattern. Cannot see: what was never written, or rotated away.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t shown_matches = 48;
constexpr std::size_t shown_line = 200;

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    std::erase(parts, "");
    return parts;
}

/// Texts that must follow each other in a line.
using Pattern = std::vector<std::string>;

struct LogRules {
    std::vector<Pattern> patterns;
    std::vector<Pattern> ignored;
};

std::vector<Pattern> patterns_of(std::string_view text) {
    std::vector<Pattern> patterns;
    for (const std::string& one : split(text, '|'))
        if (Pattern pattern = split(one, '*'); !pattern.empty())
            patterns.push_back(std::move(pattern));
    return patterns;
}

/// The earliest place of each part leaves the most to the next.
bool matches(std::string_view line, const Pattern& pattern) {
    for (const std::string& part : pattern) {
        const std::size_t found = line.find(part);
        if (found == std::string_view::npos) return false;
        line.remove_prefix(found + part.size());
    }
    return true;
}

bool matches_any(std::string_view line, const std::vector<Pattern>& patterns) {
    for (const Pattern& pattern : patterns)
        if (matches(line, pattern)) return true;
    return false;
}

class LogCheck {
public:
    LogCheck(const Record& record, const Budget& budget, const LogRules& rules)
        : record_(record), judgement_("log-patterns", record, budget), rules_(rules) {}

    CheckResult run() {
        if (record_.logs.empty()) judgement_.doubt("no log was collected");
        if (rules_.patterns.empty()) judgement_.doubt("there is no pattern to look for");
        for (const LogFile& log : record_.logs) {
            if (!log.text)
                judgement_.doubt(fmt::format("the log {} was not read", log.path));
            else if (!scan(log))
                break;
        }
        judgement_.tell("log_count", static_cast<std::int64_t>(record_.logs.size()));
        judgement_.tell("line_count", lines_);
        judgement_.tell("count", count_);
        judgement_.tell("matches", std::move(matches_));
        return judgement_.finish();
    }

private:
    bool scan(const LogFile& log) {
        std::int64_t number = 0;
        std::string_view rest = *log.text;
        while (!rest.empty()) {
            if (!judgement_.step()) return false;
            const std::string_view line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
            ++number;
            ++lines_;
            if (!matches_any(line, rules_.patterns) || matches_any(line, rules_.ignored)) continue;
            ++count_;
            note(log, number, line);
        }
        return true;
    }

    void note(const LogFile& log, std::int64_t number, std::string_view line) {
        if (matches_.size() < shown_matches)
            matches_.emplace_back(Value::List{log.node, log.path, number});
        const std::string text(line.substr(0, shown_line));
        judgement_.accuse(
            {.anomaly = "forbidden_log_line",
             .what = fmt::format("line {} of {} is: {}", number, log.path, text),
             .details = {
                 {"node", log.node}, {"path", log.path}, {"line", number}, {"text", text}}});
    }

    const Record& record_;
    Judgement judgement_;
    const LogRules& rules_;
    std::int64_t lines_ = 0;
    std::int64_t count_ = 0;
    Value::List matches_; ///< [node, path, line], the first ones
};

class LogPatterns : public Checker {
public:
    explicit LogPatterns(LogRules rules) : rules_(std::move(rules)) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return LogCheck(record, budget, rules_).run();
    }

private:
    LogRules rules_;
};

} // namespace

std::vector<OptionSpec> log_patterns_options() {
    return {{.name = "patterns",
             .fallback = "panic:|FATAL|Segmentation fault|Sanitizer:|runtime error:|Assertion "
                         "*failed",
             .choices = {},
             .help = "what no line may hold: alternatives separated by |, * for any characters"},
            {.name = "ignore",
             .fallback = "",
             .choices = {},
             .help = "lines that are no match after all, written in the same way"}};
}

Result<std::unique_ptr<Checker>> make_log_patterns(const Options& options) {
    FAULTLAB_TRY(const Options complete,
                 complete_options(options, log_patterns_options(), "checker log-patterns"));
    return std::unique_ptr<Checker>(
        std::make_unique<LogPatterns>(LogRules{.patterns = patterns_of(complete.at("patterns")),
                                               .ignored = patterns_of(complete.at("ignore"))}));
}

} // namespace faultlab
