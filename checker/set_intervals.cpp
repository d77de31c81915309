#include "checker/set_intervals.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

enum F : std::uint32_t { add, remove, contains, read };

Judgement legal() {
    return {.verdict = Verdict::valid, .method = "intervals of a set"};
}

Judgement illegal(Certificate certificate) {
    std::ranges::sort(certificate.ops);
    const auto repeated = std::ranges::unique(certificate.ops);
    certificate.ops.erase(repeated.begin(), repeated.end());
    return {.verdict = Verdict::invalid,
            .method = "intervals of a set",
            .certificate = std::move(certificate)};
}

Certificate phantom(const ObjectOp& saw, const ObjectOp* added) {
    Certificate found{.ops = {saw.id},
                      .anomaly = "element_from_nowhere",
                      .rule = "an element was seen that had not been added by then",
                      .observer = saw.id,
                      .other = added == nullptr ? -1 : added->id};
    if (added != nullptr) found.ops.push_back(added->id);
    return found;
}

Certificate lost(const ObjectOp& missed, const ObjectOp& shown, bool by_read) {
    return {.ops = {missed.id, shown.id},
            .anomaly = "lost_element",
            .rule = by_read ? "an element was seen, and not by a later operation"
                            : "an element was added, and not seen by a later operation",
            .observer = missed.id,
            .other = shown.id};
}

struct PointedHash {
    std::size_t operator()(const Value* value) const { return value->hash(); }
};
struct PointedEqual {
    bool operator()(const Value* a, const Value* b) const { return *a == *b; }
};

class GrowingSet {
public:
    GrowingSet(const ObjectPartition& partition, const SetRules& rules)
        : history_(partition.history), ops_(partition.ops), rules_(rules) {}

    std::optional<Judgement> run() {
        for (const ObjectOp& op : ops_) {
            if (op.f != add && op.f != read) return std::nullopt;
            if (op.f == read) {
                reads_.push_back(&op);
                continue;
            }
            const Value* element = &history_.value(op.arg);
            const auto next = static_cast<std::uint32_t>(adds_.size());
            if (!numbers_.try_emplace(element, next).second && rules_.once) return std::nullopt;
            adds_.push_back(&op);
        }
        std::ranges::stable_sort(reads_, {}, [&](const ObjectOp* op) { return list(*op).size(); });
        first_seen_.assign(adds_.size(), never_seen);
        for (std::size_t i = 0; i < reads_.size(); ++i) {
            if (auto found = place(i)) return illegal(std::move(*found));
        }
        if (auto found = find_missing()) return illegal(std::move(*found));
        return legal();
    }

private:
    static constexpr std::size_t never_seen = SIZE_MAX;

    [[nodiscard]] const Value::List& list(const ObjectOp& op) const {
        return *history_.value(op.result).list();
    }

    /// Puts a read at the earliest moment, or says why it cannot be.
    std::optional<Certificate> place(std::size_t i) {
        const ObjectOp& op = *reads_[i];
        Index at = std::max(op.inv, i == 0 ? Index{0} : moments_.back());
        const ObjectOp* latest = i == 0 || moments_.back() < op.inv ? nullptr : cause_.back();
        std::size_t known = 0;
        for (const Value& element : list(op)) {
            const auto number = numbers_.find(&element);
            if (number == numbers_.end()) {
                if (rules_.absent_at_first) return phantom(op, nullptr);
                continue;
            }
            if (first_seen_[number->second] < i) {
                ++known;
                continue;
            }
            first_seen_[number->second] = i;
            const ObjectOp* added = adds_[number->second];
            if (added->inv <= at) continue;
            at = added->inv;
            latest = added;
        }
        if (i > 0 && known != list(*reads_[i - 1]).size() && rules_.chain)
            return disagreement(*reads_[i - 1], op);
        moments_.push_back(at);
        cause_.push_back(latest == nullptr ? &op : latest);
        if (at <= op.ret || !rules_.in_time) return std::nullopt;
        return late(op, *cause_.back());
    }

    [[nodiscard]] static Certificate disagreement(const ObjectOp& smaller, const ObjectOp& larger) {
        return {.ops = {smaller.id, larger.id},
                .anomaly = "reads_disagree",
                .rule = "each of two reads saw an element that the other did not, and nothing was "
                        "removed",
                .observer = larger.id,
                .other = smaller.id};
    }

    /// The read returned before it can have taken effect: because of a later addition that it saw,
    /// or of a later read that saw less.
    [[nodiscard]] static Certificate late(const ObjectOp& op, const ObjectOp& cause) {
        if (cause.f == add) return phantom(op, &cause);
        return lost(cause, op, true);
    }

    /// An addition that returned before the last read that did not see it.
    [[nodiscard]] std::optional<Certificate> find_missing() const {
        if (!rules_.lasting) return std::nullopt;
        for (std::size_t e = 0; e < adds_.size(); ++e) {
            const std::size_t seen = first_seen_[e];
            const std::size_t missed = seen == never_seen ? reads_.size() : seen;
            if (missed == 0 || adds_[e]->ret >= moments_[missed - 1]) continue;
            Certificate found = lost(*reads_[missed - 1], *adds_[e], false);
            found.ops.push_back(cause_[missed - 1]->id);
            return found;
        }
        return std::nullopt;
    }

    const History& history_;
    std::span<const ObjectOp> ops_;
    const SetRules& rules_;
    std::unordered_map<const Value*, std::uint32_t, PointedHash, PointedEqual> numbers_;
    std::vector<const ObjectOp*> adds_;
    std::vector<const ObjectOp*> reads_;
    std::vector<std::size_t> first_seen_; ///< by addition: the first read that saw it
    std::vector<Index> moments_;          ///< by read: when it takes effect
    std::vector<const ObjectOp*> cause_;  ///< by read: the operation that it must be after
};

} // namespace

std::optional<Judgement> judge_element(const ObjectPartition& partition, const SetRules& rules) {
    const ObjectOp* added = nullptr;
    const ObjectOp* saw = nullptr;    // returned first
    const ObjectOp* missed = nullptr; // was invoked last
    for (const ObjectOp& op : partition.ops) {
        if (op.f == remove || op.f == read) return std::nullopt;
        if (op.arg != partition.ops.front().arg) return std::nullopt;
        if (op.f == add) {
            if (added != nullptr && rules.once) return std::nullopt;
            added = &op;
        } else if (*partition.history.value(op.result).boolean()) {
            if (saw == nullptr || op.ret < saw->ret) saw = &op;
        } else {
            missed = &op;
        }
    }
    if (saw != nullptr && (added == nullptr || added->inv > saw->ret) && rules.absent_at_first)
        return illegal(phantom(*saw, added));
    if (missed != nullptr && added != nullptr && added->ret < missed->inv && rules.lasting)
        return illegal(lost(*missed, *added, false));
    if (missed != nullptr && saw != nullptr && saw->ret < missed->inv && rules.seen) {
        Certificate found = lost(*missed, *saw, true);
        if (added != nullptr) found.ops.push_back(added->id);
        return illegal(std::move(found));
    }
    return legal();
}

std::optional<Judgement> judge_growing_set(const ObjectPartition& partition,
                                           const SetRules& rules) {
    return GrowingSet(partition, rules).run();
}

} // namespace faultlab
