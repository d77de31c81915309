#pragma once

#include "checker/first_tried.hpp"
#include "checker/object_states.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

namespace faultlab {

/// Looks for one order of the operations that respects real time and that the object allows, depth
/// first: Wing and Gong's search with Lowe's memory ("Testing for linearizability", 2017, section
/// 3). At each point the operation that must return first is tried first. Operations that leave the
/// state as it is and fit take effect at once, and of interchangeable ones only that which returns
/// first is tried, for the reasons that checker/expander.hpp gives. What it finds is an order; that
/// it finds none proves nothing: sets of operations are remembered by a hash. Owned by one thread.
template <class S>
class ObjectOrder {
public:
    ObjectOrder(S object,
                std::span<const ObjectOp> ops,
                const Budget& budget,
                FirstTried first_tried = FirstTried::returning)
        : ops_(ops), budget_(budget), first_tried_(first_tried), states_(std::move(object), ops) {
        link();
    }

    /// Nothing when there is none, or after so many steps.
    std::optional<std::vector<OpId>> find(std::int64_t steps_max);
    [[nodiscard]] std::int64_t steps() const { return steps_; }

private:
    static constexpr std::uint32_t end = UINT32_MAX;
    using Mark = std::array<std::uint64_t, 2>;
    struct Point {
        Mark done{}; ///< stands for the set of operations that took effect
        std::uint32_t state = 0;
        friend bool operator==(const Point&, const Point&) = default;
    };
    struct PointHash {
        std::size_t operator()(const Point& p) const { return p.done[0] ^ p.state; }
    };
    /// A point on the way, and which operation was chosen there.
    struct Frame {
        std::uint32_t state = 0;
        std::uint32_t chosen = end;
        std::size_t settled = 0; ///< how many operations of taken_at_once_ were there before
    };

    void link();
    void take(std::uint32_t op);
    void give_back(std::uint32_t op);
    /// The operation to try after `last` at this point; end when there is none left.
    [[nodiscard]] std::uint32_t following(std::uint32_t last) const;
    [[nodiscard]] std::uint32_t following_by_return(std::uint32_t last) const;
    [[nodiscard]] std::uint32_t following_by_invocation(std::uint32_t last) const;
    [[nodiscard]] bool passed(std::uint32_t state) const;
    /// Whether no operation of the same kind that may take effect now returns earlier.
    [[nodiscard]] bool first_of_kind(std::uint32_t op) const;
    /// Lets all observers that fit take effect.
    void settle(std::uint32_t state);
    void undo(const Frame& frame);
    [[nodiscard]] bool spent(std::int64_t steps_max);
    [[nodiscard]] static std::uint64_t scramble(std::uint64_t word) {
        word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
        word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
        return word ^ (word >> 31U);
    }
    void toggle(std::uint32_t op) {
        done_[0] ^= scramble(2 * std::uint64_t{op} + 1);
        done_[1] ^= scramble(2 * std::uint64_t{op} + 0x9E3779B97F4A7C15U);
    }

    std::span<const ObjectOp> ops_;
    const Budget& budget_;
    FirstTried first_tried_;
    ObjectStates<S> states_;
    /// Operations that did not take effect yet, linked in order of invocation; the last entry
    /// stands before the first.
    std::vector<std::uint32_t> next_, previous_;
    std::vector<std::uint32_t> by_return_; ///< definite operations
    std::vector<std::uint8_t> taken_;
    std::size_t first_open_ = 0; ///< in by_return_: all before it took effect
    std::vector<std::uint8_t> observer_;
    std::vector<std::uint32_t> taken_at_once_;
    /// Operations by kind and return, where each kind begins, where each operation is, and up to
    /// where all of a kind took effect.
    std::vector<std::uint32_t> by_kind_, kind_start_, place_, first_left_;
    Mark done_{};
    std::unordered_set<Point, PointHash> seen_;
    std::int64_t steps_ = 0;
};

template <class S>
void ObjectOrder<S>::link() {
    const auto size = static_cast<std::uint32_t>(ops_.size());
    next_.resize(size + 1);
    previous_.resize(size + 1);
    for (std::uint32_t i = 0; i <= size; ++i) {
        next_[i] = i == size ? (size == 0 ? end : 0) : (i + 1 == size ? end : i + 1);
        previous_[i] = i == 0 ? size : i - 1;
    }
    for (std::uint32_t i = 0; i < size; ++i) {
        if (ops_[i].definite()) by_return_.push_back(i);
    }
    std::ranges::sort(by_return_, {}, [this](std::uint32_t i) { return ops_[i].ret; });
    taken_.assign(size, 0);
    for (std::uint32_t i = 0; i < size; ++i) {
        by_kind_.push_back(i);
        observer_.push_back(states_.observes(i) ? 1 : 0);
    }
    std::ranges::sort(by_kind_, {}, [this](std::uint32_t i) {
        return std::tuple(states_.kind(i), ops_[i].ret, i);
    });
    place_.resize(size);
    kind_start_.assign(states_.kinds() + std::size_t{1}, size);
    for (std::uint32_t at = size; at-- > 0;) {
        place_[by_kind_[at]] = at;
        kind_start_[states_.kind(by_kind_[at])] = at;
    }
    first_left_.assign(kind_start_.begin(), kind_start_.end());
}

template <class S>
void ObjectOrder<S>::take(std::uint32_t op) {
    taken_[op] = 1;
    toggle(op);
    next_[previous_[op]] = next_[op];
    if (next_[op] != end) previous_[next_[op]] = previous_[op];
    std::uint32_t& left = first_left_[states_.kind(op)];
    while (left < kind_start_[states_.kind(op) + 1] && taken_[by_kind_[left]] != 0)
        ++left;
    while (first_open_ < by_return_.size() && taken_[by_return_[first_open_]] != 0)
        ++first_open_;
}

template <class S>
void ObjectOrder<S>::give_back(std::uint32_t op) {
    taken_[op] = 0;
    toggle(op);
    next_[previous_[op]] = op;
    if (next_[op] != end) previous_[next_[op]] = op;
    std::uint32_t& left = first_left_[states_.kind(op)];
    left = std::min(left, place_[op]);
    while (first_open_ > 0 && (first_open_ == by_return_.size() ||
                               ops_[by_return_[first_open_ - 1]].ret >= ops_[op].ret))
        --first_open_;
    while (first_open_ < by_return_.size() && taken_[by_return_[first_open_]] != 0)
        ++first_open_;
}

template <class S>
bool ObjectOrder<S>::first_of_kind(std::uint32_t op) const {
    const Index now = ops_[by_return_[first_open_]].ret;
    for (std::uint32_t at = first_left_[states_.kind(op)]; at < place_[op]; ++at) {
        if (taken_[by_kind_[at]] == 0 && ops_[by_kind_[at]].inv < now) return false;
    }
    return true;
}

template <class S>
std::uint32_t ObjectOrder<S>::following(std::uint32_t last) const {
    return first_tried_ == FirstTried::returning ? following_by_return(last)
                                                 : following_by_invocation(last);
}

template <class S>
std::uint32_t ObjectOrder<S>::following_by_invocation(std::uint32_t last) const {
    const Index now = ops_[by_return_[first_open_]].ret;
    std::uint32_t at = next_[last == end ? ops_.size() : last];
    for (; at != end && ops_[at].inv < now; at = next_[at]) {
        const bool turn = observer_[at] == 0 || at == by_return_[first_open_];
        if (turn && first_of_kind(at)) return at;
    }
    return end;
}

template <class S>
std::uint32_t ObjectOrder<S>::following_by_return(std::uint32_t last) const {
    const std::uint32_t urgent = by_return_[first_open_];
    if (last == end) return urgent;
    bool open = !ops_[last].definite();
    std::uint32_t at = last == urgent ? next_[ops_.size()] : next_[last];
    for (;; at = next_[ops_.size()]) {
        for (; at != end && ops_[at].inv < ops_[urgent].ret; at = next_[at]) {
            const bool turn = ops_[at].definite() != open && at != urgent && observer_[at] == 0;
            if (turn && first_of_kind(at)) return at;
        }
        if (std::exchange(open, true)) return end;
    }
}

/// Whether one of the next observers can fit no more.
template <class S>
bool ObjectOrder<S>::passed(std::uint32_t state) const {
    constexpr int looks_at = 16;
    int seen = 0;
    for (std::uint32_t at = next_[ops_.size()]; at != end && seen < looks_at; at = next_[at]) {
        if (observer_[at] == 0 || !ops_[at].definite()) continue;
        if (states_.passed(at, state)) return true;
        ++seen;
    }
    return false;
}

template <class S>
void ObjectOrder<S>::settle(std::uint32_t state) {
    for (bool more = true; more && first_open_ < by_return_.size();) {
        more = false;
        const Index now = ops_[by_return_[first_open_]].ret;
        for (std::uint32_t at = next_[ops_.size()]; at != end && ops_[at].inv < now;) {
            const std::uint32_t op = at;
            at = next_[at];
            if (observer_[op] == 0 || states_.after(op, state) == no_state) continue;
            more = more || op == by_return_[first_open_];
            take(op);
            taken_at_once_.push_back(op);
        }
    }
}

template <class S>
void ObjectOrder<S>::undo(const Frame& frame) {
    for (; taken_at_once_.size() > frame.settled; taken_at_once_.pop_back())
        give_back(taken_at_once_.back());
}

template <class S>
bool ObjectOrder<S>::spent(std::int64_t steps_max) {
    if (++steps_ > steps_max) return true;
    if (steps_ % 1024 != 0) return false;
    const auto remembered = static_cast<std::int64_t>(seen_.size() * 2 * sizeof(Point));
    return budget_.out_of_time() || remembered + states_.bytes() > budget_.memory_bytes;
}

template <class S>
std::optional<std::vector<OpId>> ObjectOrder<S>::find(std::int64_t steps_max) {
    std::vector<Frame> path = {{.state = states_.initial()}};
    settle(path.back().state);
    while (first_open_ < by_return_.size()) {
        if (spent(steps_max)) return std::nullopt;
        Frame& here = path.back();
        here.chosen = following(here.chosen);
        if (here.chosen == end) {
            undo(here);
            path.pop_back();
            if (path.empty()) return std::nullopt;
            give_back(path.back().chosen);
            continue;
        }
        const std::uint32_t to = states_.after(here.chosen, here.state);
        if (to == no_state) continue;
        const Frame next{.state = to, .settled = taken_at_once_.size()};
        take(here.chosen);
        settle(to);
        const bool lost = ObjectStates<S>::tells_passed && passed(to);
        if (!lost && seen_.insert({.done = done_, .state = to}).second) {
            path.push_back(next);
        } else {
            undo(next);
            give_back(here.chosen);
        }
    }
    std::vector<OpId> order;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const bool last = i + 1 == path.size();
        const std::size_t until = last ? taken_at_once_.size() : path[i + 1].settled;
        for (std::size_t k = path[i].settled; k < until; ++k)
            order.push_back(ops_[taken_at_once_[k]].id);
        if (!last) order.push_back(ops_[path[i].chosen].id);
    }
    return order;
}

} // namespace faultlab
