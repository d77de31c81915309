// Checker `causal-reverse`.
// Judges: a read that holds a write also holds every write that had been acknowledged before that
// one began: T1 before T2 in real time, and never T2 without T1.
// Operations: `write` v, each v once; `read` (ok: a list of what was written). Each key apart.
// Unknown: no read was ok. Cost: n log n in operations and in what was read: the writes are ranked
// by their return, so that what must be there is a prefix. Cannot see: values that nobody wrote.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t cited_missing = 8;
constexpr std::size_t told_missing = 48;
constexpr std::size_t unranked = SIZE_MAX;

struct Write {
    OpId op = -1;
    std::size_t rank = unranked; ///< among the ok writes, by return
    std::size_t before = 0;      ///< so many of them had returned when it was invoked
};

class CausalReverseCheck {
public:
    CausalReverseCheck(const Record& record, const Budget& budget)
        : history_(record.history), judgement_("causal-reverse", record, budget) {}

    CheckResult run() {
        if (!judgement_.only({"write", "read"})) return judgement_.finish();
        for (std::size_t k = 0; k < history_.keys().size() && !judgement_.stopped(); ++k)
            judge(history_.value(history_.keys()[k]), history_.ops_of_key(k));
        judgement_.tell("read_count", read_count_);
        judgement_.tell("error_count", error_count_);
        if (read_count_ == 0) judgement_.doubt("no read was ok");
        return judgement_.finish();
    }

private:
    void judge(const Value& key, std::span<const OpId> ops) {
        ids_ = {};
        writes_.clear();
        completed_.clear();
        if (!rank_writes(ops)) return;
        for (const OpId op : ops) {
            const bool read = history_.text(history_.f()[at(op)]) == "read";
            if (!read || history_.status()[at(op)] != OpStatus::ok) continue;
            if (!judge_read(key, op)) return;
        }
    }

    bool rank_writes(std::span<const OpId> ops) {
        for (const Moment& moment : moments_of(history_, ops)) {
            if (!judgement_.step()) return false;
            if (history_.text(history_.f()[at(moment.op)]) != "write") continue;
            const ValueIds::Id id = ids_.intern(history_.value(history_.arg()[at(moment.op)]));
            if (moment.returns) {
                if (history_.status()[at(moment.op)] != OpStatus::ok) continue;
                writes_[id].rank = completed_.size();
                completed_.push_back(id);
                continue;
            }
            if (id < writes_.size()) {
                judgement_.misfit(moment.op, "a write of a value that no other write has");
                return false;
            }
            writes_.push_back({.op = moment.op, .before = completed_.size()});
        }
        return true;
    }

    bool judge_read(const Value& key, OpId read) {
        const Value::List* list = history_.value(history_.ret()[at(read)]).list();
        if (list == nullptr) {
            judgement_.misfit(read, "a read that returned a list");
            return false;
        }
        if (!judgement_.step(static_cast<std::int64_t>(list->size()) + 1)) return false;
        ++read_count_;
        std::size_t needed = 0;
        OpId latest = -1; ///< the write that needs so many
        std::vector<std::size_t> ranks;
        for (const Value& value : *list) {
            const ValueIds::Id id = ids_.find(value);
            if (id == ValueIds::none) continue;
            if (writes_[id].rank != unranked) ranks.push_back(writes_[id].rank);
            if (writes_[id].before <= needed) continue;
            needed = writes_[id].before;
            latest = writes_[id].op;
        }
        std::ranges::sort(ranks);
        ranks.erase(std::ranges::unique(ranks).begin(), ranks.end());
        const auto held =
            static_cast<std::size_t>(std::ranges::lower_bound(ranks, needed) - ranks.begin());
        if (held == needed) return true;
        ++error_count_;
        accuse(key, read, latest, needed, ranks);
        return true;
    }

    void accuse(const Value& key,
                OpId read,
                OpId latest,
                std::size_t needed,
                const std::vector<std::size_t>& ranks) {
        const std::string anomaly = "missing_predecessor";
        std::vector<OpId> ops = {read, latest};
        Value::List missing;
        // Nobody is shown the others, and to list them all again for each read would be quadratic.
        for (std::size_t rank = 0; judgement_.tells(anomaly) && rank < needed; ++rank) {
            if (std::ranges::binary_search(ranks, rank)) continue;
            if (missing.size() == told_missing) break;
            missing.push_back(ids_.value(completed_[rank]));
            if (missing.size() <= cited_missing) ops.push_back(writes_[completed_[rank]].op);
        }
        const std::string seen = to_text(history_.value(history_.arg()[at(latest)]), 60);
        const std::string lacks = intervals_text(missing, 120);
        judgement_.accuse(
            {.anomaly = anomaly,
             .what = fmt::format("{} read {} without {}, acknowledged before the write of {} began",
                                 client_of(history_, read),
                                 seen,
                                 lacks,
                                 seen),
             .key = key,
             .ops = std::move(ops),
             .divergence = read,
             .remark = "holds " + seen + ", lacks " + lacks,
             .details = {{"missing", std::move(missing)}, {"expected_count", needed}}});
    }

    const History& history_;
    Judgement judgement_;
    ValueIds ids_;
    std::vector<Write> writes_;           ///< by id of the value
    std::vector<ValueIds::Id> completed_; ///< by rank
    std::int64_t read_count_ = 0;
    std::int64_t error_count_ = 0;
};

class CausalReverse : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return CausalReverseCheck(record, budget).run();
    }
};

} // namespace

std::vector<OptionSpec> causal_reverse_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_causal_reverse(const Options& options) {
    FAULTLAB_DO(complete_options(options, causal_reverse_options(), "checker causal-reverse"));
    return std::unique_ptr<Checker>(std::make_unique<CausalReverse>());
}

} // namespace faultlab
