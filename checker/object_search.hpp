#pragma once

#include "checker/frontier.hpp"
#include "checker/object_model.hpp"
#include "checker/object_order.hpp"
#include "checker/object_states.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace faultlab {

/// Operations of a sequential object, as Frontier wants it. A state is its number. No licences of
/// its own: what an object can leave undone it leaves out before (`prune`).
template <class S>
class SearchedObject {
public:
    struct SearchedOp {
        OpId id = -1;
        Index inv = 0;
        Index ret = never;
        bool observer = false;
        [[nodiscard]] bool definite() const { return ret != never; }
        [[nodiscard]] bool preserves_state() const { return observer; }
    };

    explicit SearchedObject(const ObjectPartition& partition)
        : states_(S(partition.history), partition.ops) {
        for (std::size_t i = 0; i < partition.ops.size(); ++i) {
            const ObjectOp& op = partition.ops[i];
            ops_.push_back(
                {.id = op.id, .inv = op.inv, .ret = op.ret, .observer = states_.observes(i)});
        }
    }

    [[nodiscard]] std::size_t size() const { return ops_.size(); }
    [[nodiscard]] const SearchedOp& op(std::uint32_t i) const { return ops_[i]; }
    [[nodiscard]] std::uint32_t signature(std::uint32_t i) const { return states_.kind(i); }
    [[nodiscard]] std::uint32_t signatures() const { return states_.kinds(); }

    RegisterState initial() { return {.value = states_.initial()}; }
    bool fits(std::uint32_t i, const RegisterState& state) {
        return states_.after(i, state.value) != no_state;
    }
    bool apply(std::uint32_t i, const RegisterState& from, RegisterState& to) {
        to.value = states_.after(i, from.value);
        return to.value != no_state;
    }

    static constexpr bool states_are_values = false;
    [[nodiscard]] std::int64_t bytes() const { return states_.bytes(); }
    [[nodiscard]] bool crowded(std::size_t live) const { return states_.size() > 1024 + 16 * live; }
    void begin_renaming() { states_.begin_renaming(); }
    RegisterState rename(const RegisterState& state) {
        return {.value = states_.rename(state.value)};
    }

    static void bury(std::uint32_t, const Configuration&, const Pending&) {}
    static void settle(const Configuration&, const Pending&) {}
    [[nodiscard]] bool doomed(std::uint32_t,
                              const RegisterState&,
                              const Configuration& to,
                              const Pending& pending) const {
        return std::ranges::any_of(pending.observers, [&](std::uint32_t i) {
            return ops_[i].definite() && !pending.used(to, i) && states_.passed(i, to.state.value);
        });
    }
    static void narrow(std::uint32_t, const Configuration&, const Pending&) {}
    [[nodiscard]] static bool may_help(std::uint32_t) { return true; }

private:
    ObjectStates<S> states_;
    std::vector<SearchedOp> ops_;
};

/// The order in which the operations returned, if the object allows it: it respects real time, and
/// what never returned need not have happened. Where few operations overlap it mostly does.
template <class S>
std::optional<std::vector<OpId>> order_of_returns(S object, std::span<const ObjectOp> ops) {
    std::vector<std::pair<Index, std::uint32_t>> returns;
    returns.reserve(ops.size());
    for (std::uint32_t i = 0; i < ops.size(); ++i) {
        if (ops[i].definite()) returns.emplace_back(ops[i].ret, i);
    }
    std::ranges::sort(returns);
    std::vector<OpId> order;
    order.reserve(returns.size());
    auto state = object.initial();
    for (const auto& [ret, i] : returns) {
        if (!object.step(state, ops[i])) return std::nullopt;
        order.push_back(ops[i].id);
    }
    return order;
}

/// Judges by search: first for one order, as they returned, then depth first, with as many steps as
/// a legal history commonly takes; then for what the object knows to be impossible; then, exactly,
/// over the frontier of all configurations.
template <class S>
Judgement
search_object(const ObjectPartition& partition, const Budget& budget, const Wanted& wanted) {
    if (auto order = order_of_returns(S(partition.history), partition.ops))
        return {.method = "as they returned", .order = std::move(*order)};
    const auto size = static_cast<std::int64_t>(partition.ops.size());
    std::int64_t steps = 0;
    for (const std::int64_t steps_an_op : {8, 64}) {
        for (const FirstTried first_tried : {FirstTried::returning, FirstTried::invoked}) {
            ObjectOrder<S> search(S(partition.history), partition.ops, budget, first_tried);
            auto order = search.find(1024 + steps_an_op * size);
            steps += search.steps();
            if (!order) continue;
            return {.method = "one order, depth first",
                    .order = std::move(*order),
                    .configurations = steps};
        }
        if (wanted.quick) {
            return {.verdict = Verdict::unknown,
                    .method = "one order, depth first",
                    .why = "no order was found at once",
                    .configurations = steps};
        }
    }
    if constexpr (requires { S::refute(partition, budget); }) {
        if (auto refuted = S::refute(partition, budget)) return std::move(*refuted);
    }
    const LinearizabilityRules rules;
    SearchOutcome outcome =
        search_frontier([&] { return SearchedObject<S>(partition); }, rules, budget);
    return {.verdict = outcome.verdict,
            .method = "frontier of configurations",
            .why = std::move(outcome.why),
            .stopped_at = outcome.stopped_at,
            .pending = std::move(outcome.pending),
            .configurations = steps + outcome.configurations,
            .widest = outcome.widest};
}

/// An order that respects real time and that the object allows; empty when there is none or the
/// budget is spent.
template <class S>
std::vector<OpId> find_object_order(S object, std::span<const ObjectOp> ops, const Budget& budget) {
    ObjectOrder<S> search(std::move(object), ops, budget);
    return search.find(never).value_or(std::vector<OpId>{});
}

} // namespace faultlab
