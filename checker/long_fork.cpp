// Checker `long-fork`.
// Judges: no two reads of one group of keys saw two writes in opposite orders: one that saw a but
// not b, the other b but not a. Snapshot isolation forbids it; parallel snapshot isolation does
// not. Operations: `txn` of one write [["w", k, v]], or of reads of one whole group [["r", k,
// null], …]; also as `write` and `read`. Every key is written at most once, and groups are disjoint
// sets of `group` keys. Gives: reads, and of these how many saw no key (early) and all of them
// (late). Unknown: a key is written twice, a read is not of one group, two reads saw different
// values of one key, or no read was ok. Cost: n log n: of each group only the distinct sets of keys
// seen are kept, by size; in a chain each includes the one before. Where it breaks, these two are a
// fork: of many forks it tells some. Cannot see: values that nobody wrote, reads that are late but
// in order.

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"
#include "core/transaction_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faultlab {
namespace {

/// A key that is only ever read and never written is not distinguished: it is simply never seen.
struct Group {
    std::vector<ValueIds::Id> keys;           ///< sorted
    std::vector<Value> values;                ///< seen of each key; absent: not yet
    std::map<std::uint64_t, OpId> first_seen; ///< the first read of each set of keys
};

class LongForkCheck {
public:
    LongForkCheck(const Record& record, const Budget& budget, std::int64_t group_size)
        : history_(record.history), judgement_("long-fork", record, budget),
          group_size_(static_cast<std::size_t>(group_size)) {}

    CheckResult run() {
        if (!judgement_.only({"txn", "read", "write"})) return judgement_.finish();
        for (std::size_t i = 0; i < history_.size(); ++i)
            if (!judgement_.step() || !note(static_cast<OpId>(i))) return judgement_.finish();
        for (const Group& group : groups_)
            find_forks(group);
        judgement_.tell("reads_count", reads_);
        judgement_.tell("early_read_count", early_);
        judgement_.tell("late_read_count", late_);
        judgement_.tell("forks", std::move(forks_));
        if (reads_ == 0) judgement_.doubt("no read was ok");
        return judgement_.finish();
    }

private:
    bool note(OpId op) {
        const auto steps = steps_of(history_.value(history_.arg()[at(op)]));
        const bool write = steps.has_value() && steps->size() == 1 && steps->front().f == "w";
        if (write) return note_write(op, steps->front().key);
        const bool read = steps.has_value() && !steps->empty() &&
                          std::ranges::all_of(*steps, [](const MicroOp& s) { return s.f == "r"; });
        if (!read) return refuse(op, "one write, or reads of one group");
        return history_.status()[at(op)] != OpStatus::ok || note_read(op);
    }

    /// Jepsen calls these transactions read and write, which elsewhere have other values.
    static std::optional<Value::Transaction> steps_of(const Value& value) {
        if (value.transaction() != nullptr) return *value.transaction();
        return value.list() != nullptr ? transaction_from(*value.list()) : std::nullopt;
    }

    bool note_write(OpId op, const Value& key) {
        const ValueIds::Id id = keys_.intern(key);
        if (id >= written_.size()) written_.resize(id + std::size_t{1});
        if (written_[id])
            return refuse(op, "one write of each key: " + to_text(key, 60) + " is written twice");
        written_[id] = true;
        return true;
    }

    bool refuse(OpId op, const std::string& expected) {
        judgement_.misfit(op, expected);
        return false;
    }

    bool note_read(OpId op) {
        auto steps = steps_of(history_.value(history_.ret()[at(op)]));
        if (!steps) steps = steps_of(history_.value(history_.arg()[at(op)]));
        if (!judgement_.step(static_cast<std::int64_t>(steps->size()))) return false;
        std::vector<const MicroOp*> sorted;
        for (const MicroOp& step : *steps)
            sorted.push_back(&step);
        const auto id = [&](const MicroOp* step) { return keys_.intern(step->key); };
        std::ranges::sort(sorted, {}, id);
        std::vector<ValueIds::Id> ids;
        for (const MicroOp* step : sorted)
            ids.push_back(id(step));
        const bool distinct = std::ranges::adjacent_find(ids) == ids.end();
        if (ids.size() != group_size_ || !distinct)
            return refuse(op, fmt::format("reads of groups of {} keys", group_size_));
        Group* group = group_of(ids);
        if (group == nullptr) return refuse(op, "groups that have no key in common");
        return place(op, *group, sorted);
    }

    /// Null when a key is in another group.
    Group* group_of(const std::vector<ValueIds::Id>& ids) {
        if (keys_.size() > group_at_.size()) group_at_.resize(keys_.size(), no_group);
        const std::size_t known = group_at_[ids.front()];
        if (known != no_group) return groups_[known].keys == ids ? &groups_[known] : nullptr;
        for (const ValueIds::Id id : ids) {
            if (group_at_[id] != no_group) return nullptr;
            group_at_[id] = groups_.size();
        }
        groups_.push_back(
            {.keys = ids, .values = std::vector<Value>(ids.size()), .first_seen = {}});
        return &groups_.back();
    }

    bool place(OpId op, Group& group, const std::vector<const MicroOp*>& steps) {
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const Value& value = steps[i]->value;
            if (value.is_absent()) continue;
            seen |= std::uint64_t{1} << i;
            if (group.values[i].is_absent()) group.values[i] = value;
            if (group.values[i] != value) return refuse(op, "reads that agree on a key's value");
        }
        group.first_seen.try_emplace(seen, op);
        ++reads_;
        if (seen == 0) ++early_;
        if (std::popcount(seen) == static_cast<int>(steps.size())) ++late_;
        return true;
    }

    void find_forks(const Group& group) {
        std::vector<std::uint64_t> chain;
        for (const auto& [seen, read] : group.first_seen)
            chain.push_back(seen);
        std::ranges::stable_sort(chain, {}, [](std::uint64_t seen) { return std::popcount(seen); });
        for (std::size_t i = 1; i < chain.size(); ++i) {
            if (!judgement_.step()) return;
            if ((chain[i - 1] & ~chain[i]) != 0) accuse(group, chain[i - 1], chain[i]);
        }
    }

    void accuse(const Group& group, std::uint64_t a, std::uint64_t b) {
        const auto key_in = [&](std::uint64_t seen) -> const Value& {
            return keys_.value(group.keys[static_cast<std::size_t>(std::countr_zero(seen))]);
        };
        OpId first = group.first_seen.at(a);
        OpId second = group.first_seen.at(b);
        if (first > second) {
            std::swap(first, second);
            std::swap(a, b);
        }
        const std::string of_a = to_text(key_in(a & ~b), 60);
        const std::string of_b = to_text(key_in(b & ~a), 60);
        if (judgement_.tells("long_fork")) forks_.emplace_back(Value::List{first, second});
        judgement_.accuse(
            {.anomaly = "long_fork",
             .what = fmt::format("{} saw the write of {} but not that of {}, and {} saw that of {} "
                                 "but not that of {}",
                                 client_of(history_, first),
                                 of_a,
                                 of_b,
                                 client_of(history_, second),
                                 of_b,
                                 of_a),
             .ops = {first, second},
             .divergence = second,
             .remark = "in the opposite order"});
    }

    static constexpr std::size_t no_group = SIZE_MAX;
    const History& history_;
    Judgement judgement_;
    std::size_t group_size_;
    ValueIds keys_;
    std::vector<bool> written_;         ///< by key
    std::vector<std::size_t> group_at_; ///< by key
    std::vector<Group> groups_;
    std::int64_t reads_ = 0, early_ = 0, late_ = 0;
    Value::List forks_;
};

class LongFork : public Checker {
public:
    explicit LongFork(std::int64_t group_size) : group_size_(group_size) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return LongForkCheck(record, budget, group_size_).run();
    }

private:
    std::int64_t group_size_;
};

} // namespace

std::vector<OptionSpec> long_fork_options() {
    return {{.name = "group",
             .fallback = "2",
             .choices = {},
             .help = "how many keys every read reads",
             .range = {{2, 64}}}};
}

Result<std::unique_ptr<Checker>> make_long_fork(const Options& options) {
    FAULTLAB_TRY(const Options complete,
                 complete_options(options, long_fork_options(), "checker long-fork"));
    return std::unique_ptr<Checker>(std::make_unique<LongFork>(integer_option(complete, "group")));
}

} // namespace faultlab
