#include "checker/frontier_search.hpp"

#include "checker/configurations.hpp"
#include "checker/search_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace faultlab {
namespace {

constexpr std::uint32_t no_slot = UINT32_MAX;
constexpr std::size_t word_bits = 64;
/// How many configurations are expanded between two looks at the budget.
constexpr std::int64_t expansions_per_look = 256;

struct HistoryEvent {
    Index index = 0;
    bool is_return = false;
    std::uint32_t op = 0;
    friend auto operator<=>(const HistoryEvent&, const HistoryEvent&) = default;
};

struct Configuration {
    RegisterState state;
    std::vector<Word> used;
};

class FrontierSearch {
public:
    FrontierSearch(std::span<const RegisterOp> ops,
                   const LinearizabilityRules& rules,
                   const Budget& budget)
        : input_(prepare_search(ops, rules)), rules_(rules), budget_(budget), current_(rules),
          next_(rules), visited_(rules), slot_of_(input_.ops.size(), no_slot),
          tried_(input_.signatures, 0) {}

    SearchOutcome run();
    std::vector<RegisterState> reachable();

private:
    [[nodiscard]] std::vector<HistoryEvent> events() const;
    void invoke(std::uint32_t op);
    void widen();
    /// Every configuration in which `op` took effect, from those of the frontier.
    void force(std::uint32_t op);
    /// All configurations that follow by one update; `slot` is the one to be forced.
    void expand(const Configuration& from, std::uint32_t slot);
    /// Marks what takes effect by itself in the state reached, or never can any more.
    void settle(Configuration& configuration) const;
    void observe_all(Configuration& configuration) const;
    void bury_hopeless(Configuration& configuration) const;
    [[nodiscard]] bool hopeless(const RegisterOp& op, const Configuration& configuration) const;
    void bury_dead(Configuration& configuration) const;
    [[nodiscard]] bool doomed(std::uint64_t left, const Configuration& configuration) const;
    void leave(std::uint32_t op);
    void retire_common();
    [[nodiscard]] bool budget_spent();
    void give_up(std::uint32_t op);

    [[nodiscard]] static bool has(const Configuration& c, std::uint32_t slot) {
        return (c.used[slot / word_bits] >> (slot % word_bits) & 1U) != 0;
    }
    static void set(Configuration& c, std::uint32_t slot) {
        c.used[slot / word_bits] |= Word{1} << (slot % word_bits);
    }
    static void clear(Configuration& c, std::uint32_t slot) {
        c.used[slot / word_bits] &= ~(Word{1} << (slot % word_bits));
    }

    SearchInput input_;
    const LinearizabilityRules& rules_;
    const Budget& budget_;
    ConfigurationSet current_;
    ConfigurationSet next_;
    ConfigurationSet visited_;
    std::vector<Configuration> stack_;

    std::vector<std::uint32_t> slot_of_; ///< by op
    std::vector<std::uint32_t> free_slots_;
    std::vector<Word> open_slots_ = {0}; ///< which slots hold open operations
    std::vector<std::uint32_t> observers_;
    std::vector<std::uint32_t> updates_; ///< pending, by return, then invocation
    Index now_ = 0;

    std::vector<std::uint64_t> tried_; ///< by signature: the number of the last expansion with it
    std::uint64_t expansion_ = 0;
    bool spent_ = false;
    SearchOutcome outcome_;
};

std::vector<HistoryEvent> FrontierSearch::events() const {
    std::vector<HistoryEvent> events;
    events.reserve(input_.ops.size() * 2);
    for (std::uint32_t i = 0; i < input_.ops.size(); ++i) {
        events.push_back({.index = input_.ops[i].inv, .is_return = false, .op = i});
        if (!input_.ops[i].definite()) continue;
        events.push_back({.index = input_.ops[i].ret, .is_return = true, .op = i});
    }
    std::ranges::sort(events);
    return events;
}

SearchOutcome FrontierSearch::run() {
    for (std::uint32_t slot = word_bits; slot-- > 0;)
        free_slots_.push_back(slot);
    current_.reset(open_slots_);
    current_.insert({}, open_slots_);
    for (const HistoryEvent& event : events()) {
        now_ = event.index;
        if (!event.is_return) {
            invoke(event.op);
            continue;
        }
        if (slot_of_[event.op] == no_slot) continue; // took effect in every configuration
        force(event.op);
        if (spent_) {
            give_up(event.op);
            return outcome_;
        }
        std::swap(current_, next_);
        outcome_.widest = std::max(outcome_.widest, static_cast<std::int64_t>(current_.size()));
        if (current_.size() == 0) {
            outcome_.verdict = Verdict::invalid;
            outcome_.stopped_at = input_.ops[event.op].id;
            return outcome_;
        }
        leave(event.op);
        retire_common();
    }
    return outcome_;
}

void FrontierSearch::invoke(std::uint32_t op) {
    if (free_slots_.empty()) widen();
    const std::uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    slot_of_[op] = slot;
    const Word bit = Word{1} << (slot % word_bits);
    if (input_.ops[op].definite()) {
        open_slots_[slot / word_bits] &= ~bit;
    } else {
        open_slots_[slot / word_bits] |= bit;
    }
    if (input_.ops[op].preserves_state()) {
        observers_.push_back(op);
        return;
    }
    const auto by_return = [&](std::uint32_t a, std::uint32_t b) {
        return std::pair(input_.ops[a].ret, a) < std::pair(input_.ops[b].ret, b);
    };
    updates_.insert(std::ranges::upper_bound(updates_, op, by_return), op);
}

void FrontierSearch::widen() {
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

void FrontierSearch::force(std::uint32_t op) {
    const std::uint32_t slot = slot_of_[op];
    next_.reset(open_slots_);
    visited_.reset(open_slots_);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        Configuration start{.state = current_.state(i),
                            .used = {current_.used(i).begin(), current_.used(i).end()}};
        settle(start);
        if (has(start, slot)) {
            clear(start, slot);
            next_.insert(start.state, start.used);
            continue;
        }
        if (visited_.insert(start.state, start.used)) stack_.push_back(std::move(start));
        while (!stack_.empty()) {
            if (budget_spent()) return;
            const Configuration from = std::move(stack_.back());
            stack_.pop_back();
            expand(from, slot);
        }
    }
}

/// Rule b, symmetry: of pending updates with the same signature only the one that returns first is
/// used. If a legal order uses q before p, and p returns first, then exchanging the two is legal:
/// they do the same, both were invoked, and each still takes effect before its return.
void FrontierSearch::expand(const Configuration& from, std::uint32_t slot) {
    ++expansion_;
    const std::uint64_t place = input_.place(from.state);
    for (const std::uint32_t op : updates_) {
        if (has(from, slot_of_[op])) continue;
        if (std::exchange(tried_[input_.signature[op]], expansion_) == expansion_) continue;
        if (!rules_.fits(input_.ops[op], from.state)) continue;
        Configuration to{.state = rules_.after(input_.ops[op], from.state), .used = from.used};
        set(to, slot_of_[op]);
        if (input_.ops[op].action == RegisterAction::write) bury_dead(to);
        settle(to);
        if (place != input_.place(to.state) && rules_.looks_ahead() && doomed(place, to)) continue;
        if (slot != no_slot && has(to, slot)) {
            clear(to, slot);
            next_.insert(to.state, to.used);
        } else if (visited_.insert(to.state, to.used)) {
            stack_.push_back(std::move(to));
        }
    }
}

void FrontierSearch::settle(Configuration& configuration) const {
    observe_all(configuration);
    if (rules_.looks_ahead()) bury_hopeless(configuration);
}

/// An open cas that can never fit again counts as used: so configurations that differ in it alone
/// become one.
void FrontierSearch::bury_hopeless(Configuration& configuration) const {
    for (const std::uint32_t op : updates_) {
        const RegisterOp& update = input_.ops[op];
        if (update.definite() || update.action != RegisterAction::cas) continue;
        if (has(configuration, slot_of_[op]) || !hopeless(update, configuration)) continue;
        set(configuration, slot_of_[op]);
    }
}

/// Versions only grow; a value comes back only by an update that is pending or yet to be invoked.
bool FrontierSearch::hopeless(const RegisterOp& op, const Configuration& configuration) const {
    if (input_.by_version) return op.from_version < configuration.state.version;
    if (op.from == configuration.state.value || input_.last_reached[op.from] > now_) return false;
    return std::ranges::none_of(updates_, [&](std::uint32_t other) {
        return input_.ops[other].value == op.from && !has(configuration, slot_of_[other]);
    });
}

/// Rule a, eager observers: an operation that leaves every state as it is and fits now is put here.
/// In any legal order that goes on from here it can be moved to this place: it is pending, it fits,
/// and no other operation notices that it moved.
void FrontierSearch::observe_all(Configuration& configuration) const {
    for (const std::uint32_t op : observers_) {
        if (rules_.fits(input_.ops[op], configuration.state)) set(configuration, slot_of_[op]);
    }
}

/// Rule d, dead writes: when a write takes effect, every pending write whose value nobody observes
/// is put directly before it. Where it was later in a legal order, the operations between it and
/// the next update did not see its value, and no failed cas relied on it (then none is marked
/// dead).
void FrontierSearch::bury_dead(Configuration& configuration) const {
    for (const std::uint32_t op : updates_) {
        if (input_.dead[op] != 0) set(configuration, slot_of_[op]);
    }
}

/// Look-ahead: the place `left` is needed by a definite operation that has not taken effect, and
/// no update that could lead back to it is left. Such a configuration cannot be completed.
bool FrontierSearch::doomed(std::uint64_t left, const Configuration& configuration) const {
    if (left >= input_.last_needed.size()) return false;
    if (input_.last_reached[left] > now_) return false;
    bool needed = input_.last_needed[left] > now_;
    for (const std::uint32_t op : updates_) {
        if (has(configuration, slot_of_[op])) continue;
        if (!input_.by_version && input_.ops[op].value == left) return false;
        needed |= input_.needed_place(input_.ops[op]) == left;
    }
    for (const std::uint32_t op : observers_) {
        if (has(configuration, slot_of_[op])) continue;
        needed |= input_.needed_place(input_.ops[op]) == left;
    }
    return needed;
}

void FrontierSearch::leave(std::uint32_t op) {
    const std::uint32_t slot = std::exchange(slot_of_[op], no_slot);
    open_slots_[slot / word_bits] &= ~(Word{1} << (slot % word_bits));
    free_slots_.push_back(slot);
    std::erase(input_.ops[op].preserves_state() ? observers_ : updates_, op);
}

/// An operation that took effect in every configuration is pending in none: its slot is free.
void FrontierSearch::retire_common() {
    std::vector<Word> common(open_slots_.size(), ~Word{0});
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        for (std::size_t w = 0; w < common.size(); ++w)
            common[w] &= current_.used(i)[w];
    }
    if (std::ranges::all_of(common, [](Word word) { return word == 0; })) return;
    current_.forget(common);
    const auto retired = [&](std::uint32_t op) {
        const std::uint32_t slot = slot_of_[op];
        return (common[slot / word_bits] >> (slot % word_bits) & 1U) != 0;
    };
    std::vector<std::uint32_t> gone;
    std::ranges::copy_if(observers_, std::back_inserter(gone), retired);
    std::ranges::copy_if(updates_, std::back_inserter(gone), retired);
    for (const std::uint32_t op : gone)
        leave(op);
}

bool FrontierSearch::budget_spent() {
    if (++outcome_.configurations % expansions_per_look != 0 || spent_) return spent_;
    const std::int64_t bytes = current_.bytes() + next_.bytes() + visited_.bytes();
    if (budget_.out_of_time()) {
        outcome_.why = "out of time";
        spent_ = true;
    } else if (bytes > budget_.memory_bytes) {
        outcome_.why = "out of memory";
        spent_ = true;
    }
    return spent_;
}

void FrontierSearch::give_up(std::uint32_t op) {
    outcome_.verdict = Verdict::unknown;
    outcome_.stopped_at = input_.ops[op].id;
    for (const auto* list : {&observers_, &updates_}) {
        for (const std::uint32_t pending : *list)
            outcome_.pending.push_back(input_.ops[pending].id);
    }
    std::ranges::sort(outcome_.pending);
    outcome_.why +=
        fmt::format(" at the return of operation {}: {} configurations, {} operations pending",
                    outcome_.stopped_at,
                    current_.size() + next_.size() + visited_.size(),
                    outcome_.pending.size());
}

std::vector<RegisterState> FrontierSearch::reachable() {
    if (run().verdict != Verdict::valid) return {};
    visited_.reset(open_slots_);
    for (std::size_t i = 0; i < current_.positions(); ++i) {
        if (!current_.alive(i)) continue;
        Configuration start{.state = current_.state(i),
                            .used = {current_.used(i).begin(), current_.used(i).end()}};
        if (visited_.insert(start.state, start.used)) stack_.push_back(std::move(start));
    }
    while (!stack_.empty()) {
        if (budget_spent()) return {};
        const Configuration from = std::move(stack_.back());
        stack_.pop_back();
        expand(from, no_slot);
    }
    std::vector<RegisterState> states;
    for (std::size_t i = 0; i < visited_.positions(); ++i)
        states.push_back(visited_.state(i));
    const auto key = [](const RegisterState& s) { return std::tuple(s.version, s.value); };
    std::ranges::sort(states, {}, key);
    const auto rest = std::ranges::unique(states);
    states.erase(rest.begin(), rest.end());
    return states;
}

} // namespace

SearchOutcome search_order(std::span<const RegisterOp> ops,
                           const LinearizabilityRules& rules,
                           const Budget& budget) {
    return FrontierSearch(ops, rules, budget).run();
}

std::vector<RegisterState> final_states(std::span<const RegisterOp> ops,
                                        const LinearizabilityRules& rules,
                                        const Budget& budget) {
    return FrontierSearch(ops, rules, budget).reachable();
}

} // namespace faultlab
