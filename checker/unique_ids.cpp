// Checker `unique-ids`.
// Judges: no two ok `generate` returned the same value, over all keys.
// Operations: `generate` (ok: a value that is not null).
// Gives: how many were asked for, given, and given more than once; the 48 most frequent of those
// with their counts, and the smallest and greatest value.
// Unknown: none was ok. Cost: n log n. Cannot see: ids that were generated, but never returned.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t shown_duplicates = 48;
constexpr std::size_t cited_each = 4;

class UniqueIdsCheck {
public:
    UniqueIdsCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("unique-ids", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"generate"})) return judgement_.finish();
        std::vector<std::pair<Symbol, OpId>> given;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if (!judgement_.step()) return judgement_.finish();
            if (history_.status()[i] != OpStatus::ok) continue;
            const auto op = static_cast<OpId>(i);
            if (history_.value(history_.ret()[i]).is_absent()) judgement_.misfit(op, "a value");
            given.emplace_back(history_.ret()[i], op);
        }
        std::ranges::sort(given);
        judgement_.tell("attempted_count", static_cast<std::int64_t>(history_.size()));
        judgement_.tell("acknowledged_count", static_cast<std::int64_t>(given.size()));
        tell_range(given);
        tell_duplicates(given);
        if (given.empty()) judgement_.doubt("no generate was ok");
        return judgement_.finish();
    }

private:
    using Given = std::vector<std::pair<Symbol, OpId>>;

    /// All gifts of one value.
    struct Duplicate {
        Value value;
        std::vector<OpId> ops;
    };

    void tell_range(const Given& given) {
        Value::List range;
        const auto by_value = [&](const auto& one) -> const Value& {
            return history_.value(one.first);
        };
        if (!given.empty()) {
            const auto [lowest, highest] = std::ranges::minmax_element(given, {}, by_value);
            range = {by_value(*lowest), by_value(*highest)};
        }
        judgement_.tell("range", std::move(range));
    }

    void tell_duplicates(const Given& given) {
        std::vector<Duplicate> duplicates;
        for (std::size_t i = 0; i < given.size();) {
            std::size_t end = i;
            while (end < given.size() && given[end].first == given[i].first)
                ++end;
            if (end - i > 1) {
                Duplicate duplicate{history_.value(given[i].first), {}};
                for (std::size_t j = i; j < end; ++j)
                    duplicate.ops.push_back(given[j].second);
                duplicates.push_back(std::move(duplicate));
            }
            i = end;
        }
        judgement_.tell("duplicated_count", static_cast<std::int64_t>(duplicates.size()));
        std::ranges::sort(duplicates, [](const Duplicate& a, const Duplicate& b) {
            return a.ops.size() != b.ops.size() ? a.ops.size() > b.ops.size() : a.value < b.value;
        });
        Value::List shown;
        for (const Duplicate& duplicate : duplicates) {
            if (shown.size() < shown_duplicates)
                shown.emplace_back(Value::List{duplicate.value, duplicate.ops.size()});
            accuse(duplicate);
        }
        judgement_.tell("duplicated", std::move(shown));
    }

    void accuse(const Duplicate& duplicate) {
        std::vector<OpId> cited = duplicate.ops;
        cited.resize(std::min(cited.size(), cited_each));
        const std::string value = to_text(duplicate.value, 60);
        judgement_.accuse(
            {.anomaly = "duplicate_id",
             .what = fmt::format("{} was generated {} times, first for {} and {}",
                                 value,
                                 duplicate.ops.size(),
                                 client_of(history_, duplicate.ops[0]),
                                 client_of(history_, duplicate.ops[1])),
             .ops = std::move(cited),
             .divergence = duplicate.ops[1],
             .remark = value + " had been given before",
             .details = {{"value", duplicate.value}, {"times", duplicate.ops.size()}}});
    }

    const History& history_;
    Judgement judgement_;
};

class UniqueIds : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return UniqueIdsCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> unique_ids_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_unique_ids(const Options& options) {
    FAULTLAB_DO(complete_options(options, unique_ids_options(), "checker unique-ids"));
    return std::unique_ptr<Checker>(std::make_unique<UniqueIds>());
}

} // namespace faultlab
