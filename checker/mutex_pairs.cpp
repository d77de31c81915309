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

/// By owner.
std::vector<Group> owners_of(std::span<const ObjectOp> ops) {
    std::unordered_map<Symbol, std::size_t> number;
    std::vector<Group> owners;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        const auto [it, added] = number.try_emplace(ops[i].arg, owners.size());
        if (added) owners.emplace_back();
        owners[it->second].push_back(i);
    }
    return owners;
}

bool is_nameless(std::span<const ObjectOp> ops) {
    return std::ranges::find(ops, Symbol{0}, &ObjectOp::arg) != ops.end();
}

bool take_turns(std::span<const ObjectOp> ops, const Group& owned) {
    for (std::size_t i = 0; i < owned.size(); ++i) {
        const ObjectOp& op = ops[owned[i]];
        const bool turn = op.definite() && op.f == (i % 2 == 0 ? acquire : release) &&
                          (i == 0 || ops[owned[i - 1]].ret < op.inv);
        if (!turn) return false;
    }
    return true;
}

/// Pairs where the operations take turns; else all.
void add_groups(std::span<const ObjectOp> ops, const Group& owned, std::vector<Group>& groups) {
    if (!take_turns(ops, owned)) {
        groups.push_back(owned);
        return;
    }
    for (std::size_t i = 0; i < owned.size(); i += 2) {
        const auto first = owned.begin() + static_cast<std::ptrdiff_t>(i);
        groups.emplace_back(first, i + 1 < owned.size() ? first + 2 : first + 1);
    }
}

/// Groups of the operations between instants at which nothing was pending and as many had released
/// the lock as had acquired it: whatever the order, it was free there. The last one is what
/// happened after the last such instant, perhaps nothing.
std::vector<Group> between_free_instants(std::span<const ObjectOp> ops) {
    std::vector<Group> groups(1);
    Index pending_until = -1;
    std::ptrdiff_t held = 0;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (held == 0 && pending_until < ops[i].inv && !groups.back().empty())
            groups.emplace_back();
        groups.back().push_back(i);
        held += ops[i].f == acquire ? 1 : -1;
        pending_until = std::max(pending_until, ops[i].ret);
    }
    if (held == 0 && pending_until != never) groups.emplace_back();
    return groups;
}

/// All of a group stay, or none.
void keep_whole(const Group& group, std::vector<bool>& kept) {
    const bool whole = std::ranges::all_of(group, [&](std::size_t i) { return kept[i]; });
    for (const std::size_t i : group)
        kept[i] = whole;
}

} // namespace

bool all_in_pairs(const ObjectPartition& all) {
    return !is_nameless(all.ops) &&
           std::ranges::all_of(owners_of(all.ops),
                               [&](const Group& owned) { return take_turns(all.ops, owned); });
}

std::optional<Judgement> judge_mutex(const ObjectPartition& partition, const MutexRules& rules) {
    return MutexJudge(partition, rules).run();
}

void support_pairs(const ObjectPartition& all, std::vector<bool>& kept) {
    std::vector<Group> groups;
    if (is_nameless(all.ops)) {
        groups = between_free_instants(all.ops);
        for (const std::size_t i : groups.back())
            kept[i] = true;
    } else {
        for (const Group& owned : owners_of(all.ops))
            add_groups(all.ops, owned, groups);
    }
    for (const Group& group : groups)
        keep_whole(group, kept);
}

} // namespace faultlab
