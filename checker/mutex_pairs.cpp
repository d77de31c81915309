#include "checker/mutex_pairs.hpp"

#include "checker/item_lives.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace faultlab {
namespace {

enum F : std::uint32_t { acquire, release };

/// An acquire and the release that follows it: the lock is held between.
struct Hold {
    const ObjectOp* acquired = nullptr;
    const ObjectOp* released = nullptr; ///< null: never
    [[nodiscard]] Index until() const { return released == nullptr ? never : released->inv; }
};

Judgement illegal(Certificate certificate) {
    std::ranges::sort(certificate.ops);
    return {.verdict = Verdict::invalid,
            .method = "pairs of a mutex",
            .certificate = std::move(certificate)};
}

class MutexJudge {
public:
    MutexJudge(const ObjectPartition& partition, const MutexRules& rules)
        : ops_(partition.ops), rules_(rules) {}

    std::optional<Judgement> run() {
        for (const ObjectOp& op : ops_) {
            if (!op.definite() || op.arg == 0) return std::nullopt;
            const ObjectOp*& last = last_[op.arg];
            if (rules_.sequential && last != nullptr && last->ret > op.inv) return std::nullopt;
            note(op, last);
            last = &op;
        }
        if (broken_) return illegal(*broken_);
        return check_overlap();
    }

private:
    void note(const ObjectOp& op, const ObjectOp* last) {
        const bool held = last != nullptr && last->f == acquire;
        if (op.f == acquire) hold_of_[op.arg] = holds_.size();
        if (op.f == acquire) holds_.push_back({.acquired = &op});
        if (op.f == release && held) holds_[hold_of_[op.arg]].released = &op;
        if (held == (op.f == release) || broken_ || !rules_.paired) return;
        broken_ = op.f == acquire
                      ? Certificate{.ops = {last->id, op.id},
                                    .anomaly = "held_twice",
                                    .rule = "one owner acquired it twice without a release between",
                                    .observer = op.id,
                                    .other = last->id}
                      : Certificate{.ops = {op.id},
                                    .anomaly = "released_unheld",
                                    .rule = "an owner released it without having acquired it",
                                    .observer = op.id};
    }

    [[nodiscard]] Judgement check_overlap() const {
        std::vector<Index> starts;
        for (const Hold& hold : holds_)
            starts.push_back(hold.acquired->ret);
        const Hold* longest = nullptr;
        for (const std::uint32_t i : order_of(starts)) {
            const Hold& hold = holds_[i];
            const bool forever = rules_.forever || hold.released != nullptr;
            if (longest != nullptr && longest->until() > starts[i] && rules_.exclusive)
                return illegal(overlap(*longest, hold));
            if (forever && (longest == nullptr || hold.until() > longest->until())) longest = &hold;
        }
        return {.verdict = Verdict::valid, .method = "pairs of a mutex"};
    }

    [[nodiscard]] static Certificate overlap(const Hold& a, const Hold& b) {
        Certificate found{.ops = {a.acquired->id, b.acquired->id},
                          .anomaly = "held_twice",
                          .rule = "two owners held it at the same time",
                          .observer = b.acquired->id,
                          .other = a.acquired->id};
        for (const Hold& hold : {a, b}) {
            if (hold.released != nullptr) found.ops.push_back(hold.released->id);
        }
        return found;
    }

    std::span<const ObjectOp> ops_;
    const MutexRules& rules_;
    std::unordered_map<Symbol, const ObjectOp*> last_; ///< by owner
    std::unordered_map<Symbol, std::size_t> hold_of_;  ///< by owner: its last hold
    std::vector<Hold> holds_;
    std::optional<Certificate> broken_;
};

/// The operations of one owner, or some of them that leave together.
using Group = std::vector<std::size_t>;

/// Pairs where the operations take turns; else all.
void add_groups(std::span<const ObjectOp> ops, const Group& owned, std::vector<Group>& groups) {
    bool turns = true;
    for (std::size_t i = 0; i < owned.size(); ++i) {
        const ObjectOp& op = ops[owned[i]];
        turns = turns && op.definite() && op.f == (i % 2 == 0 ? acquire : release) &&
                (i == 0 || ops[owned[i - 1]].ret < op.inv);
    }
    if (!turns) {
        groups.push_back(owned);
        return;
    }
    for (std::size_t i = 0; i < owned.size(); i += 2) {
        const auto first = owned.begin() + static_cast<std::ptrdiff_t>(i);
        groups.emplace_back(first, i + 1 < owned.size() ? first + 2 : first + 1);
    }
}

} // namespace

std::optional<Judgement> judge_mutex(const ObjectPartition& partition, const MutexRules& rules) {
    return MutexJudge(partition, rules).run();
}

void support_pairs(const ObjectPartition& all, std::vector<bool>& kept) {
    std::unordered_map<Symbol, std::size_t> number;
    std::vector<Group> owners;
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
        const auto [it, added] = number.try_emplace(all.ops[i].arg, owners.size());
        if (added) owners.emplace_back();
        owners[it->second].push_back(i);
    }
    if (number.contains(0)) {
        kept.assign(kept.size(), true);
        return;
    }
    std::vector<Group> groups;
    for (const Group& owned : owners)
        add_groups(all.ops, owned, groups);
    for (const Group& group : groups) {
        const bool whole = std::ranges::all_of(group, [&](std::size_t i) { return kept[i]; });
        for (const std::size_t i : group)
            kept[i] = whole;
    }
}

} // namespace faultlab
