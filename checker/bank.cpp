// Checker `bank`.
// Judges: transfers move money, and make none: every ok read of all accounts holds known accounts,
// a balance for each it names, the same total, and no debt. Of each read the first failing test
// counts: unexpected_key, nil_balance, wrong_total, negative_value. How bad: keys; nulls; the
// distance from the total; the sum of the debts.
// Operations: `transfer` [from, to, amount]; `read` (ok: a list of [account, balance], each account
// once). Each key is a bank of its own.
// Options: the accounts are 0 to accounts-1; `total`; `negative=yes` allows debts.
// Gives for each test how often it failed, and the first, worst and last read; for totals also the
// lowest and the highest. Unknown: no read was ok. Cost: linear in what was read.
// Cannot see: money that vanished and came back between two reads; whether a transfer was done.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faultlab {
namespace {

struct BankRules {
    std::int64_t accounts = 8;
    std::int64_t total = 100;
    bool negative = false;
};

enum class Test : std::uint8_t { unexpected_key, nil_balance, wrong_total, negative_value };
constexpr std::array names = {"unexpected_key", "nil_balance", "wrong_total", "negative_value"};

/// A read that failed a test.
struct Error {
    Test test = Test::wrong_total;
    OpId read = -1;
    std::int64_t badness = 0;
    std::int64_t total = 0; ///< wrong_total only
    std::string what;
};

/// All that failed one test.
struct Tally {
    std::int64_t count = 0;
    std::optional<Error> first, worst, last, lowest, highest;
};

class BankCheck {
public:
    BankCheck(const Record& record, const Budget& budget, const BankRules& rules)
        : history_(record.history), judgement_("bank", record, budget), rules_(rules) {}

    CheckResult run() {
        if (!judgement_.only({"transfer", "read"})) return judgement_.finish();
        std::vector<OpId> reads;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            const bool read = history_.text(history_.f()[i]) == "read";
            if (read && history_.status()[i] == OpStatus::ok) reads.push_back(static_cast<OpId>(i));
        }
        std::ranges::sort(reads, {}, [&](OpId op) { return history_.ret_index()[at(op)]; });
        for (const OpId read : reads)
            if (!judge(read)) return judgement_.finish();
        judgement_.tell("read_count", static_cast<std::int64_t>(reads.size()));
        judgement_.tell("error_count", error_count_);
        for (std::size_t i = 0; i < names.size(); ++i)
            tell_tally(names[i], tallies_[i]);
        if (reads.empty()) judgement_.doubt("no read was ok");
        return judgement_.finish();
    }

private:
    bool judge(OpId read) {
        const Value::List* list = history_.value(history_.ret()[at(read)]).list();
        if (list == nullptr) {
            judgement_.misfit(read, "a read that returned a list of [account, balance]");
            return false;
        }
        if (!judgement_.step(static_cast<std::int64_t>(list->size()) + 1)) return false;
        std::vector<const Value*> accounts;
        for (const Value& entry : *list) {
            const Value::List* pair = pair_in(entry);
            const bool fits =
                pair != nullptr && ((*pair)[1].is_absent() || (*pair)[1].integer() != nullptr);
            if (!fits) {
                judgement_.misfit(read, "a read that returned a list of [account, balance]");
                return false;
            }
            accounts.push_back(&(*pair)[0]);
        }
        std::ranges::sort(accounts, [](const Value* a, const Value* b) { return *a < *b; });
        const auto twice = std::ranges::adjacent_find(
            accounts, [](const Value* a, const Value* b) { return *a == *b; });
        if (twice != accounts.end()) {
            judgement_.misfit(read, "a read that names each account once");
            return false;
        }
        if (std::optional<Error> error = first_error(read, *list)) note(std::move(*error));
        return !judgement_.stopped();
    }

    [[nodiscard]] bool known(const Value& account) const {
        const std::int64_t* number = account.integer();
        return number != nullptr && *number >= 0 && *number < rules_.accounts;
    }

    std::optional<Error> first_error(OpId read, const Value::List& list) {
        std::vector<Value> strange, empty;
        std::int64_t sum = 0;
        std::int64_t debt = 0;
        for (const Value& entry : list) {
            const Value::List& pair = *entry.list();
            if (!known(pair[0])) strange.push_back(pair[0]);
            if (pair[1].is_absent()) empty.push_back(pair[0]);
            const std::int64_t balance = pair[1].is_absent() ? 0 : *pair[1].integer();
            if (__builtin_add_overflow(sum, balance, &sum) ||
                (balance < 0 && __builtin_sub_overflow(debt, balance, &debt))) {
                judgement_.misfit(read, "balances whose sums fit 64 bits");
                return std::nullopt;
            }
        }
        const auto count = [](const auto& values) {
            return static_cast<std::int64_t>(values.size());
        };
        const auto error = [&](Test test, std::int64_t badness, std::string what) {
            return Error{test, read, badness, sum, std::move(what)};
        };
        if (!strange.empty()) {
            return error(Test::unexpected_key,
                         count(strange),
                         "holds the accounts " + intervals_text(strange, 80) +
                             ", which do not exist");
        }
        if (!empty.empty()) {
            return error(
                Test::nil_balance, count(empty), "has no balance for " + intervals_text(empty, 80));
        }
        std::int64_t distance = 0;
        if (__builtin_sub_overflow(sum, rules_.total, &distance)) distance = INT64_MAX;
        if (distance != 0) {
            return error(Test::wrong_total,
                         distance < 0 ? -std::max(distance, -INT64_MAX) : distance,
                         fmt::format("adds up to {} instead of {}", sum, rules_.total));
        }
        if (rules_.negative || debt == 0) return std::nullopt;
        return error(Test::negative_value, debt, fmt::format("shows debts of {}", debt));
    }

    void note(Error error) {
        Tally& tally = tallies_[static_cast<std::size_t>(error.test)];
        ++tally.count;
        ++error_count_;
        if (!tally.first) tally.first = error;
        if (!tally.worst || error.badness > tally.worst->badness) tally.worst = error;
        if (!tally.lowest || error.total < tally.lowest->total) tally.lowest = error;
        if (!tally.highest || error.total > tally.highest->total) tally.highest = error;
        if (error_count_ == 1) judgement_.tell("first_error", row(error));
        const std::string anomaly = names[static_cast<std::size_t>(error.test)];
        judgement_.accuse(
            {.anomaly = anomaly,
             .what = fmt::format("the read by {} {}", client_of(history_, error.read), error.what),
             .key = history_.value(history_.key()[at(error.read)]),
             .ops = {error.read},
             .divergence = error.read,
             .remark = error.what,
             .details = {{"badness", error.badness}, {"total", error.total}}});
        tally.last = std::move(error);
    }

    static Value row(const Error& error) {
        return Value::List{
            names[static_cast<std::size_t>(error.test)], error.read, error.badness, error.total};
    }

    void tell_tally(const std::string& name, const Tally& tally) {
        judgement_.tell(name + ".count", tally.count);
        if (tally.count == 0) return;
        judgement_.tell(name + ".first", row(*tally.first));
        judgement_.tell(name + ".worst", row(*tally.worst));
        judgement_.tell(name + ".last", row(*tally.last));
        if (name != "wrong_total") return;
        judgement_.tell(name + ".lowest", row(*tally.lowest));
        judgement_.tell(name + ".highest", row(*tally.highest));
    }

    const History& history_;
    Judgement judgement_;
    BankRules rules_;
    std::array<Tally, names.size()> tallies_; ///< by test
    std::int64_t error_count_ = 0;
};

class Bank : public Checker {
public:
    explicit Bank(const BankRules& rules) : rules_(rules) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return BankCheck(record, budget, rules_).run();
    }

private:
    BankRules rules_;
};

} // namespace

std::vector<OptionSpec> bank_options() {
    constexpr std::int64_t many = std::int64_t{1} << 40;
    return {{.name = "accounts",
             .fallback = "8",
             .choices = {},
             .help = "how many accounts there are, numbered from 0",
             .range = {{1, 1'000'000}}},
            {.name = "total",
             .fallback = "100",
             .choices = {},
             .help = "what all balances add up to",
             .range = {{-many, many}}},
            {.name = "negative",
             .fallback = "no",
             .choices = {"no", "yes"},
             .help = "yes: a balance may be below zero"}};
}

Result<std::unique_ptr<Checker>> make_bank(const Options& options) {
    FAULTLAB_TRY(const Options complete, complete_options(options, bank_options(), "checker bank"));
    return std::unique_ptr<Checker>(
        std::make_unique<Bank>(BankRules{.accounts = integer_option(complete, "accounts"),
                                         .total = integer_option(complete, "total"),
                                         .negative = complete.at("negative") == "yes"}));
}

} // namespace faultlab
