#pragma once

#include "checker/expander.hpp"
#include "checker/frontier_search.hpp"
#include "checker/shared_expansion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace faultlab {

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
/// and whether its states mean the same to all copies of it, so that wide frontiers may be expanded
/// by several threads:
///
///     static constexpr bool states_are_values;
///
/// Owned by one thread.
template <class Object>
class Frontier {
public:
    Frontier(Object object, const LinearizabilityRules& rules, const Budget& budget)
        : object_(std::move(object)), rules_(rules), budget_(budget),
          current_(rules), sets_{.visited = ConfigurationSet(rules),
                                 .next = ConfigurationSet(rules)},
          expander_(object_, pending_, sets_) {
        pending_.slot_of.assign(object_.size(), no_slot);
    }
    Frontier(const Frontier&) = delete; // the expander knows where its parts are
    Frontier& operator=(const Frontier&) = delete;

    /// After each return goes on with at most `width` configurations: those that used the fewest
    /// open operations, which are there to be used later.
    SearchOutcome run(std::size_t width = no_limit);
    /// Where the budget has threads, they share the work on a return from so many configurations
    /// on: to start them takes longer than to expand fewer.
    void share_from(std::size_t configurations) { share_from_ = configurations; }
    /// Whether it is for that limit that the verdict is unknown.
    [[nodiscard]] bool narrowed() const { return narrowed_; }
    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
    /// All states after the last event, in no order; empty when the budget is spent.
    std::vector<RegisterState> reachable();
    [[nodiscard]] Object& object() { return object_; }

private:
    /// How many configurations are expanded between two looks at the budget.
    static constexpr std::int64_t expansions_per_look = 256;
    /// Where the width is limited: how many are expanded for one return.
    static constexpr std::size_t expansions_a_width = 16;
    /// What an expansion comes upon, in one thread.
    struct Sets {
        ConfigurationSet visited;
        ConfigurationSet next;
        bool visit(const Configuration& c) { return visited.insert(c.state, c.used); }
        void finish(const Configuration& c) { next.insert(c.state, c.used); }
    };

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
    /// The same in several threads; false when this frontier is not for that.
    [[nodiscard]] bool force_together(std::uint32_t op);
    void narrow(std::size_t width);
    void leave(std::uint32_t op);
    void retire_common();
    void rename_states();
    [[nodiscard]] bool budget_spent();
    void give_up(std::uint32_t op);

    [[nodiscard]] Configuration at(const ConfigurationSet& set, std::size_t i) const {
        return {.state = set.state(i), .used = {set.used(i).begin(), set.used(i).end()}};
    }

    Object object_;
    const LinearizabilityRules& rules_;
    const Budget& budget_;
    ConfigurationSet current_;
    std::size_t width_ = no_limit;
    bool narrowed_ = false;
    std::size_t share_from_ = 1'024;

    Pending pending_;
    std::vector<std::uint32_t> free_slots_;
    Sets sets_;
    Expander<Object, Sets> expander_;
    std::unique_ptr<SharedExpansion<Object>> shared_; ///< null until it is worth it
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
    current_.reset(pending_.open_slots);
    current_.insert(object_.initial(), pending_.open_slots);
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
        std::swap(current_, sets_.next);
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
void Frontier<Object>::narrow(std::size_t width) {
    narrowed_ = true;
    std::vector<std::pair<std::size_t, std::size_t>> order; // open operations used, position
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (current_.alive(i)) order.emplace_back(pending_.open_used(current_.used(i)), i);
    }
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(width);
    std::ranges::nth_element(order, end);
    order.erase(end, order.end());
    std::ranges::sort(order);
    sets_.next.reset(pending_.open_slots);
    for (const auto& [used, i] : order)
        sets_.next.insert(current_.state(i), current_.used(i));
    std::swap(current_, sets_.next);
}

template <class Object>
void Frontier<Object>::invoke(std::uint32_t op) {
    if (free_slots_.empty()) widen();
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    pending_.slot_of[op] = slot;
    const Word bit = Word{1} << (slot % word_bits);
    if (object_.op(op).definite()) {
        pending_.open_slots[slot / word_bits] &= ~bit;
    } else {
        pending_.open_slots[slot / word_bits] |= bit;
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
    const auto first = static_cast<std::uint32_t>(pending_.open_slots.size() * word_bits);
    for (std::uint32_t slot = first + word_bits; slot-- > first;)
        free_slots_.push_back(slot);
    pending_.open_slots.push_back(0);
    sets_.next.reset(pending_.open_slots);
    std::vector<Word> used;
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        used.assign(current_.used(i).begin(), current_.used(i).end());
        used.push_back(0);
        sets_.next.insert(current_.state(i), used);
    }
    std::swap(current_, sets_.next);
}

template <class Object>
void Frontier<Object>::force(std::uint32_t op) {
    if (force_together(op)) return;
    sets_.next.reset(pending_.open_slots);
    sets_.visited.reset(pending_.open_slots);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (current_.alive(i)) expander_.start(at(current_, i), op);
    }
    const bool limited = width_ != no_limit;
    for (std::size_t left = limited ? width_ * expansions_a_width : 0; expander_.waiting() > 0;) {
        if (budget_spent()) return;
        const Configuration from = expander_.pop();
        if (limited && (left == 0 || sets_.next.size() >= 2 * width_))
            narrowed_ = true;
        else
            expander_.expand(from, op);
        left -= left > 0 ? 1 : 0;
    }
}

template <class Object>
bool Frontier<Object>::force_together(std::uint32_t op) {
    if constexpr (Object::states_are_values) {
        const bool threads = budget_.workers != nullptr && budget_.workers->count() > 1;
        if (!threads || width_ != no_limit || current_.size() < share_from_) return false;
        if (!shared_)
            shared_ = std::make_unique<SharedExpansion<Object>>(object_, pending_, rules_, budget_);
        const std::int64_t before = shared_->expansions();
        if (!shared_->run(current_, op, sets_.next)) {
            spent_ = true;
            outcome_.why = budget_.out_of_time() ? "out of time" : "out of memory";
        }
        outcome_.configurations += shared_->expansions() - before;
        return true;
    }
    return false;
}

template <class Object>
void Frontier<Object>::leave(std::uint32_t op) {
    const std::uint32_t slot = std::exchange(pending_.slot_of[op], no_slot);
    pending_.open_slots[slot / word_bits] &= ~(Word{1} << (slot % word_bits));
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
    std::vector<Word> common(pending_.open_slots.size(), ~Word{0});
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
    sets_.next.reset(pending_.open_slots);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (current_.alive(i))
            sets_.next.insert(object_.rename(current_.state(i)), current_.used(i));
    }
    std::swap(current_, sets_.next);
}

template <class Object>
bool Frontier<Object>::budget_spent() {
    if (++outcome_.configurations % expansions_per_look != 0 || spent_) return spent_;
    const std::int64_t bytes =
        current_.bytes() + sets_.next.bytes() + sets_.visited.bytes() + object_.bytes();
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
    outcome_.why += fmt::format(
        " at the return of operation {}: {} configurations, {} operations pending",
        outcome_.stopped_at,
        current_.size() + (shared_ ? shared_->size() : sets_.next.size() + sets_.visited.size()),
        outcome_.pending.size());
}

template <class Object>
std::vector<RegisterState> Frontier<Object>::reachable() {
    if (run().verdict != Verdict::valid) return {};
    sets_.visited.reset(pending_.open_slots);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        expander_.push(at(current_, i));
    }
    while (expander_.waiting() > 0) {
        if (budget_spent()) return {};
        const Configuration from = expander_.pop();
        expander_.expand(from, Expander<Object, Sets>::nothing);
    }
    std::vector<RegisterState> states;
    for (std::size_t i = 0; i < sets_.visited.positions(); ++i)
        states.push_back(sets_.visited.state(i));
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
