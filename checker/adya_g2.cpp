// Checker `adya-g2`.
// Judges: of the inserts of one key at most one is ok. Each of them first makes sure that the other
// is not there, so that two that succeed are an anti-dependency cycle through a predicate (G2).
// Operations: `insert`, on a key, with any value.
// Gives: keys, keys with one ok insert (legal), and those with more with their numbers.
// Unknown: no insert was ok. Cost: linear. Cannot see: whether the predicate was evaluated at all.

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

constexpr std::size_t shown_keys = 48;

class AdyaG2Check {
public:
    AdyaG2Check(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("adya-g2", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"insert"})) return judgement_.finish();
        std::int64_t legal = 0;
        for (std::size_t k = 0; k < history_.keys().size(); ++k) {
            std::vector<OpId> ok;
            for (const OpId op : history_.ops_of_key(k)) {
                if (!judgement_.step()) return judgement_.finish();
                if (history_.status()[at(op)] == OpStatus::ok) ok.push_back(op);
            }
            if (ok.size() == 1) ++legal;
            if (ok.size() > 1) accuse(history_.value(history_.keys()[k]), std::move(ok));
        }
        std::ranges::sort(illegal_);
        judgement_.tell("key_count", static_cast<std::int64_t>(history_.keys().size()));
        judgement_.tell("legal_count", legal);
        judgement_.tell("illegal_count", static_cast<std::int64_t>(illegal_.size()));
        Value::List shown;
        for (const auto& [key, count] : illegal_)
            if (shown.size() < shown_keys) shown.emplace_back(Value::List{key, count});
        if (legal == 0) judgement_.doubt("no insert was ok");
        judgement_.tell("illegal", std::move(shown));
        return judgement_.finish();
    }

private:
    void accuse(const Value& key, std::vector<OpId> ok) {
        illegal_.emplace_back(key, static_cast<std::int64_t>(ok.size()));
        const std::string of_key = key.is_absent() ? "one key" : to_text(key, 60);
        judgement_.accuse({.anomaly = "G2",
                           .what = fmt::format("{} inserts for {} were ok, by {} and {}, though "
                                               "each had to see that there was no other",
                                               ok.size(),
                                               of_key,
                                               client_of(history_, ok[0]),
                                               client_of(history_, ok[1])),
                           .key = key,
                           .ops = {ok[0], ok[1]},
                           .divergence = ok[1],
                           .remark = "there was another",
                           .details = {{"count", ok.size()}}});
    }

    const History& history_;
    Judgement judgement_;
    std::vector<std::pair<Value, std::int64_t>> illegal_;
};

class AdyaG2 : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return AdyaG2Check(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> adya_g2_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_adya_g2(const Options& options) {
    FAULTLAB_DO(complete_options(options, adya_g2_options(), "checker adya-g2"));
    return std::unique_ptr<Checker>(std::make_unique<AdyaG2>());
}

} // namespace faultlab
