// Checker `counter`.
// Judges: every read of a counter that only grows lies between what had surely been added when it
// began (the ok adds that had returned) and what may have been added when it returned (all adds
// invoked by then, but those that failed).
// Operations: `add` n with n >= 0; `read` (ok: a number). Each key is a counter of its own, from 0.
// Unknown: no read was ok, or the sums do not fit 64 bits. Cost: n log n.
// Cannot see: two reads that contradict each other inside their bounds.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t shown_reads = 256;
constexpr std::size_t shown_errors = 48;
constexpr std::size_t cited_adds = 12;

class CounterCheck {
public:
    CounterCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("counter", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"add", "read"})) return judgement_.finish();
        for (std::size_t k = 0; k < history_.keys().size() && !judgement_.stopped(); ++k)
            fold(history_.value(history_.keys()[k]), history_.ops_of_key(k));
        judgement_.tell("read_count", read_count_);
        judgement_.tell("error_count", error_count_);
        judgement_.tell("worst_error", worst_error_);
        judgement_.tell("reads", std::move(reads_));
        judgement_.tell("errors", std::move(errors_));
        if (read_count_ == 0) judgement_.doubt("no read was ok");
        return judgement_.finish();
    }

private:
    void fold(const Value& key, std::span<const OpId> ops) {
        std::int64_t lower = 0;
        std::int64_t upper = 0;
        std::unordered_map<OpId, std::int64_t> lower_at; ///< of the reads that are open
        for (const Moment& moment : moments_of(history_, ops)) {
            if (!judgement_.step()) return;
            const std::size_t op = at(moment.op);
            const OpStatus status = history_.status()[op];
            if (status == OpStatus::fail) continue;
            if (history_.text(history_.f()[op]) == "read") {
                if (status != OpStatus::ok) continue;
                if (!moment.returns) {
                    lower_at.emplace(moment.op, lower);
                    continue;
                }
                const auto bound = lower_at.find(moment.op);
                if (!judge_read(key, moment.op, bound->second, upper)) return;
                lower_at.erase(bound);
                continue;
            }
            const std::int64_t* n = history_.value(history_.arg()[op]).integer();
            if (n == nullptr || *n < 0)
                return judgement_.misfit(moment.op, "an add of a number that is not negative");
            std::int64_t& bound = moment.returns ? lower : upper;
            if (__builtin_add_overflow(bound, *n, &bound))
                return judgement_.misfit(moment.op, "adds whose sum fits 64 bits");
        }
    }

    bool judge_read(const Value& key, OpId read, std::int64_t lower, std::int64_t upper) {
        const std::int64_t* value = history_.value(history_.ret()[at(read)]).integer();
        if (value == nullptr) {
            judgement_.misfit(read, "a read that returned a number");
            return false;
        }
        ++read_count_;
        if (reads_.size() < shown_reads) reads_.emplace_back(Value::List{lower, *value, upper});
        if (*value >= lower && *value <= upper) return true;
        ++error_count_;
        if (errors_.size() < shown_errors) errors_.emplace_back(Value::List{lower, *value, upper});
        const bool low = *value < lower;
        // Distances of 64-bit numbers need all 64 bits.
        const auto distance =
            low ? static_cast<std::uint64_t>(lower) - static_cast<std::uint64_t>(*value)
                : static_cast<std::uint64_t>(*value) - static_cast<std::uint64_t>(upper);
        const auto shown = static_cast<std::int64_t>(std::min<std::uint64_t>(distance, INT64_MAX));
        worst_error_ = std::max(worst_error_, shown);
        accuse(key, read, low, Value::List{lower, *value, upper});
        return true;
    }

    void accuse(const Value& key, OpId read, bool low, const Value::List& bounds) {
        const std::string value = to_text(bounds[1], 60);
        const std::string bound = to_text(bounds[low ? 0 : 2], 60);
        const std::string anomaly = low ? "read_too_low" : "read_too_high";
        judgement_.accuse(
            {.anomaly = anomaly,
             .what = fmt::format("{} read {}, but {} {}",
                                 client_of(history_, read),
                                 value,
                                 bound,
                                 low ? "had been added and acknowledged before"
                                     : "is all that anybody had tried to add by then"),
             .key = key,
             .ops = judgement_.tells(anomaly) ? cited(read) : std::vector<OpId>{read},
             .divergence = read,
             .remark = fmt::format("must be {} to {}", to_text(bounds[0]), to_text(bounds[2])),
             .details = {{"lower", bounds[0]}, {"value", bounds[1]}, {"upper", bounds[2]}}});
    }

    /// The read, and the adds around it: all of them would fill the page.
    [[nodiscard]] std::vector<OpId> cited(OpId read) const {
        std::vector<OpId> ops = {read};
        for (OpId op = read - 1; op >= 0 && ops.size() <= cited_adds; --op) {
            const bool add = history_.text(history_.f()[at(op)]) == "add" &&
                             history_.key()[at(op)] == history_.key()[at(read)] &&
                             history_.status()[at(op)] != OpStatus::fail;
            if (add) ops.push_back(op);
        }
        return ops;
    }

    const History& history_;
    Judgement judgement_;
    std::int64_t read_count_ = 0;
    std::int64_t error_count_ = 0;
    std::int64_t worst_error_ = 0; ///< the greatest distance from the bounds
    Value::List reads_;            ///< the first ones, as [lower, value, upper]
    Value::List errors_;
};

class Counter : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return CounterCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> counter_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_counter(const Options& options) {
    FAULTLAB_DO(complete_options(options, counter_options(), "checker counter"));
    return std::unique_ptr<Checker>(std::make_unique<Counter>());
}

} // namespace faultlab
