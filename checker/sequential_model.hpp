#pragma once

#include "checker/object_explanation.hpp"
#include "checker/object_model.hpp"
#include "checker/object_search.hpp"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {

/// An ObjectModel from the sequential meaning of its operations: all that has to be written of an
/// object. A counting semaphore, for example:
///
///     struct Semaphore {
///         static constexpr std::string_view name = "semaphore";
///         static constexpr std::string_view summary = "two permits: take, give";
///         static constexpr std::array operations = {OperationSpec{.f = "take"},
///                                                   OperationSpec{.f = "give"}};
///         using State = int;
///         explicit Semaphore(const History&) {}
///         static State initial() { return 2; }
///         static bool step(State& permits, const ObjectOp& op) {
///             permits += op.f == 0 ? -1 : 1;
///             return permits >= 0 && permits <= 2;
///         }
///         static std::uint64_t hash(State permits) { return static_cast<std::uint64_t>(permits); }
///         static bool observes(const ObjectOp&) { return false; }
///     };
///     const SequentialModel<Semaphore> model;
///
/// An object S is made for one judgement from the history whose symbols the operations use, and is
/// owned by one thread. It has:
///
///     using State = …;                        copyable, with ==; small is fast
///     State initial();
///     bool step(State&, const ObjectOp&);     the state after the operation; false when it cannot
///                                             have its result here (the state is then of no use).
///                                             A function of its arguments: an operation whose
///                                             result is no_result has one effect in each state
///     static std::uint64_t hash(const State&);
///     bool observes(const ObjectOp&);         leaves every state as it is
///
/// where states go one way only, so that a search sees early that it went too far
///
///     void prepare(std::span<const ObjectOp>);        all operations, before anything else is
///     asked bool passed(const State&, const ObjectOp&) const;   it observes, and fits neither here
///     nor in
///                                                     any state that can be reached from here
///
/// where states refer to more memory of the object
///
///     std::size_t bytes() const;              how much that is, for the budget
///
/// and, where it helps, as static members:
///
///     bool per_key = false;                   there is one object, without keys
///     partitions(history, ops)                as ObjectModel::partitions
///     prune(partition, ops)                   erases indeterminate operations that nobody can have
///                                             noticed, so that the verdict stays
///     std::optional<Judgement> fast(partition, budget)
///                                             a faster way to the verdict, or nothing: then the
///                                             general search decides
///     std::optional<Judgement> refute(partition, budget)
///                                             a way to find that there is no order, asked when
///                                             looking for one took long; nothing where it may be
///     support(partition, kept)                as ObjectModel::support; without it only operations
///                                             that observe are removed from a counterexample
///     bool keeps_more(all)                    as ObjectModel::keeps_more
///     rename(partition, certificate)          as ObjectModel::rename
///
/// All of these are proven where they are written, and held against a brute-force reference.
template <class S>
class SequentialModel : public ObjectModel {
public:
    [[nodiscard]] std::string_view name() const override { return S::name; }
    [[nodiscard]] std::string_view summary() const override { return S::summary; }
    [[nodiscard]] std::span<const OperationSpec> operations() const override {
        return S::operations;
    }
    [[nodiscard]] bool per_key() const override {
        if constexpr (requires { S::per_key; }) {
            return S::per_key;
        } else {
            return true;
        }
    }

    [[nodiscard]] std::vector<std::vector<ObjectOp>>
    partitions(const History& history, std::vector<ObjectOp> ops) const override {
        if constexpr (requires { S::partitions(history, std::move(ops)); }) {
            return S::partitions(history, std::move(ops));
        } else {
            return ObjectModel::partitions(history, std::move(ops));
        }
    }

    [[nodiscard]] Judgement judge(const ObjectPartition& partition,
                                  const Budget& budget,
                                  const Wanted& wanted) const override {
        std::vector<ObjectOp> ops(partition.ops.begin(), partition.ops.end());
        S object(partition.history);
        std::erase_if(ops,
                      [&](const ObjectOp& op) { return !op.definite() && object.observes(op); });
        if constexpr (requires { S::prune(partition, ops); }) S::prune(partition, ops);
        Judgement judgement = decide({.history = partition.history, .ops = ops}, budget, wanted);
        if (judgement.verdict == Verdict::valid && wanted.witness && judgement.order.empty())
            judgement.order = find_object_order(S(partition.history), ops, budget);
        if (judgement.verdict == Verdict::invalid && wanted.explanation)
            explain_object(*this,
                           partition,
                           find_object_cut(*this, partition, judgement, budget),
                           budget,
                           judgement);
        return judgement;
    }

    [[nodiscard]] bool plays(const ObjectPartition& partition,
                             std::span<const OpId> order) const override {
        S object(partition.history);
        auto state = object.initial();
        return std::ranges::all_of(order, [&](OpId id) {
            const auto op = std::ranges::lower_bound(partition.ops, id, {}, &ObjectOp::id);
            return op != partition.ops.end() && op->id == id && object.step(state, *op);
        });
    }

    void support(const ObjectPartition& all, std::vector<bool>& kept) const override {
        if constexpr (requires { S::support(all, kept); }) {
            S::support(all, kept);
        } else {
            S object(all.history);
            for (std::size_t i = 0; i < all.ops.size(); ++i) {
                if (!object.observes(all.ops[i])) kept[i] = true;
            }
        }
    }

    [[nodiscard]] bool keeps_more(const ObjectPartition& all) const override {
        if constexpr (requires { S::keeps_more(all); }) {
            return S::keeps_more(all);
        } else {
            return ObjectModel::keeps_more(all);
        }
    }

    void rename(const ObjectPartition& whole, Certificate& certificate) const override {
        if constexpr (requires { S::rename(whole, certificate); }) S::rename(whole, certificate);
    }

private:
    [[nodiscard]] static Judgement
    decide(const ObjectPartition& partition, const Budget& budget, const Wanted& wanted) {
        if constexpr (requires { S::fast(partition, budget); }) {
            if (auto fast = S::fast(partition, budget)) return std::move(*fast);
        }
        return search_object<S>(partition, budget, wanted);
    }
};

} // namespace faultlab
