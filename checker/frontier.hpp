#pragma once

#include "checker/configurations.hpp"
#include "checker/frontier_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

namespace faultlab {

struct Configuration {
    RegisterState state;
    std::vector<Word> used;
};

inline constexpr std::uint32_t no_slot = UINT32_MAX;
inline constexpr std::size_t word_bits = 64;

/// The operations that are pending at one moment of the search.
struct Pending {
    std::vector<std::uint32_t> slot_of; ///< by operation: its bit in a configuration
    std::vector<std::uint32_t> observers;
    std::vector<std::uint32_t> updates; ///< by return, then invocation
    std::size_t definite_updates = 0;   ///< so many of these come first
    /// The open ones by signature, in order of invocation, and the signatures that have any.
    std::vector<std::vector<std::uint32_t>> open_of_kind;
    std::vector<std::uint32_t> open_kinds;
    Index now = 0;

    [[nodiscard]] bool used(const Configuration& c, std::uint32_t op) const {
        const std::uint32_t slot = slot_of[op];
        return (c.used[slot / word_bits] >> (slot % word_bits) & 1U) != 0;
    }
    /// Calls `visit` with every definite update, and with one open one of each signature, that is
    /// not used.
    template <class Visit>
    void each_unused(const Configuration& c, Visit visit) const {
        for (std::size_t i = 0; i < definite_updates; ++i) {
            if (!used(c, updates[i])) visit(updates[i]);
        }
        for (const std::uint32_t kind : open_kinds) {
            const auto& same = open_of_kind[kind];
            const auto next =
                std::ranges::find_if(same, [&](std::uint32_t op) { return !used(c, op); });
            if (next != same.end()) visit(*next);
        }
    }
    void use(Configuration& c, std::uint32_t op) const {
        const std::uint32_t slot = slot_of[op];
        c.used[slot / word_bits] |= Word{1} << (slot % word_bits);
    }
};

/// The search of frontier_search.hpp over any object that says what its operations do:
///
///     std::size_t size() const;            how many operations, in order of invocation
///     const auto& op(i) const;             with id, inv, ret, definite() and preserves_state()
///     std::uint32_t signature(i) const;    of updates: equal for interchangeable ones
///     std::uint32_t signatures() const;    how many there are
///     RegisterState initial();             a state, or the number of one in `value`
///     bool fits(i, state);                 of an observer
///     bool apply(i, from, to);             of an update; false when it does not fit
///     std::int64_t bytes() const;          memory that states take
///     bool crowded(live) const;            more states are kept than are worth it
///     begin_renaming(); RegisterState rename(state);   keeps only the states that are renamed
///
/// and the licences to leave work undone, which each object proves:
///
///     bury(i, to, pending)                 marks what may count as done when update i is
///     settle(configuration, pending)       marks open operations that can never fit again
///     bool doomed(i, from, to, pending)    the state that i left is needed, and gone for good
///     narrow(op, from, pending); bool may_help(i)      what can matter for forcing an operation
///
/// Owned by one thread.
template <class Object>
class Frontier {
public:
    Frontier(Object object, const LinearizabilityRules& rules, const Budget& budget)
        : object_(std::move(object)), budget_(budget), current_(rules), next_(rules),
          visited_(rules), tried_(object_.signatures(), 0) {
        pending_.slot_of.assign(object_.size(), no_slot);
    }

    /// After each return goes on with at most `width` configurations: those that used the fewest
    /// open operations, which are there to be used later.
    SearchOutcome run(std::size_t width = no_limit);
    /// Whether it is for that limit that the verdict is unknown.
    [[nodiscard]] bool narrowed() const { return narrowed_; }
    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
    /// All states after the last event, in no order; empty when the budget is spent.
    std::vector<RegisterState> reachable();
    [[nodiscard]] Object& object() { return object_; }

private:
    /// How many configurations are expanded between two looks at the budget.
    static constexpr std::int64_t expansions_per_look = 256;
    static constexpr std::uint32_t nothing = UINT32_MAX;
    /// Where the width is limited: how many are expanded for one return.
    static constexpr std::size_t expansions_a_width = 16;

    struct HistoryEvent {
        Index index = 0;
        bool is_return = false;
        std::uint32_t op = 0;
        friend auto operator<=>(const HistoryEvent&, const HistoryEvent&) = default;
    };

    [[nodiscard]] std::vector<HistoryEvent> events() const;
    void invoke(std::uint32_t op);
    void widen();
    /// Every configuration in which `op` took effect, from those of the frontier.
    void force(std::uint32_t op);
    /// All configurations that follow by one update; `forced` is the operation to be forced.
    void expand(const Configuration& from, std::uint32_t forced);
    void try_update(const Configuration& from, std::uint32_t op, std::uint32_t forced);
    void push(Configuration configuration);
    /// Of those that wait to be expanded one that used the fewest open operations.
    [[nodiscard]] Configuration pop();
    [[nodiscard]] std::size_t open_used(std::span<const Word> used) const;
    void narrow(std::size_t width);
    /// Marks what takes effect by itself in the state reached, or never can any more.
    void settle(Configuration& configuration);
    void finish(Configuration& configuration, std::uint32_t forced);
    void leave(std::uint32_t op);
    void retire_common();
    void rename_states();
    [[nodiscard]] bool budget_spent();
    void give_up(std::uint32_t op);

    [[nodiscard]] Configuration at(const ConfigurationSet& set, std::size_t i) const {
        return {.state = set.state(i), .used = {set.used(i).begin(), set.used(i).end()}};
    }

    Object object_;
    const Budget& budget_;
    ConfigurationSet current_;
    ConfigurationSet next_;
    ConfigurationSet visited_;
    std::vector<std::vector<Configuration>> waiting_; ///< by how many open operations they used
    std::size_t least_used_ = 0;                      ///< no level of waiting_ before it has any
    std::size_t waiting_count_ = 0;
    std::size_t width_ = no_limit;
    bool narrowed_ = false;

    Pending pending_;
    std::vector<std::uint32_t> free_slots_;
    std::vector<Word> open_slots_ = {0}; ///< which slots hold open operations

    std::vector<std::uint64_t> tried_; ///< by signature: the number of the last expansion with it
    std::uint64_t expansion_ = 0;
    bool spent_ = false;
    SearchOutcome outcome_;
};

template <class Object>
auto Frontier<Object>::events() const -> std::vector<HistoryEvent> {
    std::vector<HistoryEvent> events;
    events.reserve(object_.size() * 2);
    for (std::uint32_t i = 0; i < object_.size(); ++i) {
        events.push_back({.index = object_.op(i).inv, .is_return = false, .op = i});
        if (!object_.op(i).definite()) continue;
        events.push_back({.index = object_.op(i).ret, .is_return = true, .op = i});
    }
    std::ranges::sort(events);
    return events;
}

template <class Object>
SearchOutcome Frontier<Object>::run(std::size_t width) {
    width_ = width;
    for (std::uint32_t slot = word_bits; slot-- > 0;)
        free_slots_.push_back(slot);
    current_.reset(open_slots_);
    current_.insert(object_.initial(), open_slots_);
    for (const HistoryEvent& event : events()) {
        pending_.now = event.index;
        if (!event.is_return) {
            invoke(event.op);
            continue;
        }
        if (pending_.slot_of[event.op] == no_slot) continue; // took effect in every configuration
        force(event.op);
        if (spent_) {
            give_up(event.op);
            return outcome_;
        }
        std::swap(current_, next_);
        outcome_.widest = std::max(outcome_.widest, static_cast<std::int64_t>(current_.size()));
        if (current_.size() == 0) {
            outcome_.verdict = narrowed_ ? Verdict::unknown : Verdict::invalid;
            outcome_.stopped_at = object_.op(event.op).id;
            return outcome_;
        }
        leave(event.op);
        retire_common();
        if (current_.size() > width_) narrow(width_);
        if (object_.crowded(current_.size())) rename_states();
    }
    narrowed_ = false;
    return outcome_;
}

template <class Object>
std::size_t Frontier<Object>::open_used(std::span<const Word> used) const {
    std::size_t count = 0;
    for (std::size_t w = 0; w < used.size(); ++w)
        count += static_cast<std::size_t>(std::popcount(used[w] & open_slots_[w]));
    return count;
}

template <class Object>
void Frontier<Object>::narrow(std::size_t width) {
    narrowed_ = true;
    std::vector<std::pair<std::size_t, std::size_t>> order; // open operations used, position
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (current_.alive(i)) order.emplace_back(open_used(current_.used(i)), i);
    }
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(width);
    std::ranges::nth_element(order, end);
    order.erase(end, order.end());
    std::ranges::sort(order);
    next_.reset(open_slots_);
    for (const auto& [used, i] : order)
        next_.insert(current_.state(i), current_.used(i));
    std::swap(current_, next_);
}

template <class Object>
void Frontier<Object>::push(Configuration configuration) {
    const std::size_t level = open_used(configuration.used);
    if (level >= waiting_.size()) waiting_.resize(level + 1);
    waiting_[level].push_back(std::move(configuration));
    least_used_ = waiting_count_++ == 0 ? level : std::min(least_used_, level);
}

template <class Object>
Configuration Frontier<Object>::pop() {
    while (waiting_[least_used_].empty())
        ++least_used_;
    Configuration configuration = std::move(waiting_[least_used_].back());
    waiting_[least_used_].pop_back();
    --waiting_count_;
    return configuration;
}

template <class Object>
void Frontier<Object>::invoke(std::uint32_t op) {
    if (free_slots_.empty()) widen();
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    pending_.slot_of[op] = slot;
    const Word bit = Word{1} << (slot % word_bits);
    if (object_.op(op).definite()) {
        open_slots_[slot / word_bits] &= ~bit;
    } else {
        open_slots_[slot / word_bits] |= bit;
    }
    if (object_.op(op).preserves_state()) {
        pending_.observers.push_back(op);
        return;
    }
    const auto by_return = [&](std::uint32_t a, std::uint32_t b) {
        return std::pair(object_.op(a).ret, a) < std::pair(object_.op(b).ret, b);
    };
    if (object_.op(op).definite()) {
        ++pending_.definite_updates;
    } else {
        const std::uint32_t kind = object_.signature(op);
        if (kind >= pending_.open_of_kind.size())
            pending_.open_of_kind.resize(kind + std::size_t{1});
        if (std::ranges::find(pending_.open_kinds, kind) == pending_.open_kinds.end())
            pending_.open_kinds.push_back(kind);
        pending_.open_of_kind[kind].push_back(op);
    }
    auto& updates = pending_.updates;
    updates.insert(std::ranges::upper_bound(updates, op, by_return), op);
}

template <class Object>
void Frontier<Object>::widen() {
    const auto first = static_cast<std::uint32_t>(open_slots_.size() * word_bits);
    for (std::uint32_t slot = first + word_bits; slot-- > first;)
        free_slots_.push_back(slot);
    open_slots_.push_back(0);
    next_.reset(open_slots_);
    std::vector<Word> used;
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        used.assign(current_.used(i).begin(), current_.used(i).end());
        used.push_back(0);
        next_.insert(current_.state(i), used);
    }
    std::swap(current_, next_);
}

template <class Object>
void Frontier<Object>::force(std::uint32_t op) {
    next_.reset(open_slots_);
    visited_.reset(open_slots_);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        Configuration start = at(current_, i);
        settle(start);
        if (pending_.used(start, op)) {
            finish(start, op);
            continue;
        }
        if (visited_.insert(start.state, start.used)) push(std::move(start));
    }
    const bool limited = width_ != no_limit;
    for (std::size_t left = limited ? width_ * expansions_a_width : 0; waiting_count_ > 0;) {
        if (budget_spent()) return;
        const Configuration from = pop();
        if (limited && left == 0)
            narrowed_ = true;
        else
            expand(from, op);
        left -= left > 0 ? 1 : 0;
    }
}

template <class Object>
void Frontier<Object>::finish(Configuration& configuration, std::uint32_t forced) {
    const std::uint32_t slot = pending_.slot_of[forced];
    configuration.used[slot / word_bits] &= ~(Word{1} << (slot % word_bits));
    next_.insert(configuration.state, configuration.used);
}

/// Rule b, symmetry: of pending updates with the same signature only the one that returns first is
/// used. If a legal order uses q before p, and p returns first, then exchanging the two is legal:
/// they do the same, both were invoked, and each still takes effect before its return.
template <class Object>
void Frontier<Object>::expand(const Configuration& from, std::uint32_t forced) {
    ++expansion_;
    object_.narrow(forced, from, pending_);
    pending_.each_unused(from, [&](std::uint32_t op) { try_update(from, op, forced); });
}

template <class Object>
void Frontier<Object>::try_update(const Configuration& from,
                                  std::uint32_t op,
                                  std::uint32_t forced) {
    if (!object_.may_help(op)) return;
    if (std::exchange(tried_[object_.signature(op)], expansion_) == expansion_) return;
    Configuration to{.state = {}, .used = {}};
    if (!object_.apply(op, from.state, to.state)) return;
    to.used = from.used;
    pending_.use(to, op);
    object_.bury(op, to, pending_);
    settle(to);
    if (object_.doomed(op, from.state, to, pending_)) return;
    if (forced != nothing && pending_.used(to, forced)) {
        finish(to, forced);
    } else if (visited_.insert(to.state, to.used)) {
        push(std::move(to));
    }
}

/// Rule a, eager observers: an operation that leaves every state as it is and fits now is put here.
/// In any legal order that goes on from here it can be moved to this place: it is pending, it fits,
/// and no other operation notices that it moved.
template <class Object>
void Frontier<Object>::settle(Configuration& configuration) {
    for (const std::uint32_t op : pending_.observers) {
        if (object_.fits(op, configuration.state)) pending_.use(configuration, op);
    }
    object_.settle(configuration, pending_);
}

template <class Object>
void Frontier<Object>::leave(std::uint32_t op) {
    const std::uint32_t slot = std::exchange(pending_.slot_of[op], no_slot);
    open_slots_[slot / word_bits] &= ~(Word{1} << (slot % word_bits));
    free_slots_.push_back(slot);
    if (object_.op(op).preserves_state()) {
        std::erase(pending_.observers, op);
        return;
    }
    std::erase(pending_.updates, op);
    if (object_.op(op).definite()) {
        --pending_.definite_updates;
        return;
    }
    const std::uint32_t kind = object_.signature(op);
    std::erase(pending_.open_of_kind[kind], op);
    if (pending_.open_of_kind[kind].empty()) std::erase(pending_.open_kinds, kind);
}

/// An operation that took effect in every configuration is pending in none: its slot is free.
template <class Object>
void Frontier<Object>::retire_common() {
    std::vector<Word> common(open_slots_.size(), ~Word{0});
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        for (std::size_t w = 0; w < common.size(); ++w)
            common[w] &= current_.used(i)[w];
    }
    if (std::ranges::all_of(common, [](Word word) { return word == 0; })) return;
    current_.forget(common);
    const auto retired = [&](std::uint32_t op) {
        const std::uint32_t slot = pending_.slot_of[op];
        return (common[slot / word_bits] >> (slot % word_bits) & 1U) != 0;
    };
    std::vector<std::uint32_t> gone;
    std::ranges::copy_if(pending_.observers, std::back_inserter(gone), retired);
    std::ranges::copy_if(pending_.updates, std::back_inserter(gone), retired);
    for (const std::uint32_t op : gone)
        leave(op);
}

/// States that no configuration of the frontier is in any more are forgotten.
template <class Object>
void Frontier<Object>::rename_states() {
    object_.begin_renaming();
    next_.reset(open_slots_);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (current_.alive(i)) next_.insert(object_.rename(current_.state(i)), current_.used(i));
    }
    std::swap(current_, next_);
}

template <class Object>
bool Frontier<Object>::budget_spent() {
    if (++outcome_.configurations % expansions_per_look != 0 || spent_) return spent_;
    const std::int64_t bytes =
        current_.bytes() + next_.bytes() + visited_.bytes() + object_.bytes();
    if (budget_.out_of_time()) {
        outcome_.why = "out of time";
        spent_ = true;
    } else if (bytes > budget_.memory_bytes) {
        outcome_.why = "out of memory";
        spent_ = true;
    }
    return spent_;
}

template <class Object>
void Frontier<Object>::give_up(std::uint32_t op) {
    outcome_.verdict = Verdict::unknown;
    outcome_.stopped_at = object_.op(op).id;
    for (const auto* list : {&pending_.observers, &pending_.updates}) {
        for (const std::uint32_t waiting : *list)
            outcome_.pending.push_back(object_.op(waiting).id);
    }
    std::ranges::sort(outcome_.pending);
    outcome_.why +=
        fmt::format(" at the return of operation {}: {} configurations, {} operations pending",
                    outcome_.stopped_at,
                    current_.size() + next_.size() + visited_.size(),
                    outcome_.pending.size());
}

template <class Object>
std::vector<RegisterState> Frontier<Object>::reachable() {
    if (run().verdict != Verdict::valid) return {};
    visited_.reset(open_slots_);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        Configuration start = at(current_, i);
        if (visited_.insert(start.state, start.used)) push(std::move(start));
    }
    while (waiting_count_ > 0) {
        if (budget_spent()) return {};
        const Configuration from = pop();
        expand(from, nothing);
    }
    std::vector<RegisterState> states;
    for (std::size_t i = 0; i < visited_.positions(); ++i)
        states.push_back(visited_.state(i));
    return states;
}

/// Looks with little width first: that finds an order where there are many, and where it was never
/// too little its answer is exact. Then without limits.
template <class MakeObject>
SearchOutcome
search_frontier(MakeObject make, const LinearizabilityRules& rules, const Budget& budget) {
    using Object = decltype(make());
    std::int64_t before = 0;
    for (const std::size_t width : {std::size_t{50}, std::size_t{1'000}}) {
        Frontier<Object> search(make(), rules, budget);
        SearchOutcome outcome = search.run(width);
        outcome.configurations += before;
        before = outcome.configurations;
        if (!search.narrowed() || budget.out_of_time()) return outcome;
    }
    SearchOutcome outcome = Frontier<Object>(make(), rules, budget).run();
    outcome.configurations += before;
    return outcome;
}

} // namespace faultlab
