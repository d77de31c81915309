#pragma once

#include "checker/object_model.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace faultlab {

// What queues and stacks have in common: each value is added once and taken at most once. Operation
// 0 adds its argument, operation 1 takes what it returns; absent: there was nothing to take.

/// The life of one value. If `take_inv` is later than `add_ret`, the value is there between the two
/// in every legal order.
struct ItemLife {
    OpId added = -1;
    OpId taken = -1; ///< -1: by no operation that tells so
    Index add_inv = 0;
    Index add_ret = never;
    Index take_inv = never;
    Index take_ret = never;
    [[nodiscard]] bool critical() const { return add_ret < take_inv; }
};

/// A look that found nothing, or a take of unknown outcome.
struct ItemLook {
    OpId id = -1;
    Index inv = 0;
    Index ret = never;
};

struct ItemLives {
    std::vector<ItemLife> items; ///< in order of the invocation of their addition
    std::vector<ItemLook> empties;
    std::vector<ItemLook> open_takes;
    /// No order at all can be legal, whatever the discipline.
    std::optional<Certificate> violation;
};

/// The rules of reading lives. All of them are needed: tests switch off each and see that the wrong
/// verdicts are noticed.
struct ItemRules {
    bool from_somewhere = true; ///< what is taken was added
    bool once = true;           ///< and is taken once
    bool afterwards = true;     ///< and was not taken before it was added
    bool empties = true;        ///< while a value is surely there, nothing is found empty
};

/// Nothing when a value is added more than once. Indeterminate additions of values that are never
/// taken are left out: a legal order stays legal without them.
[[nodiscard]] std::optional<ItemLives> read_item_lives(const ObjectPartition& partition,
                                                       const ItemRules& rules);

/// A look that found nothing although, at every moment of it, some value was surely there: with
/// the values that cover it. The rest of Henzinger, Sezgin and Vafeiadis' patterns
/// ("Aspect-oriented linearizability proofs", 2013) is up to the discipline.
[[nodiscard]] std::optional<Certificate> find_false_empty(const ItemLives& lives);

/// Positions of the times in ascending order; `never` comes last. Times are distinct but for it.
[[nodiscard]] std::vector<std::uint32_t> order_of(std::span<const Index> times);

/// The operations on these values, ascending.
[[nodiscard]] std::vector<OpId> operations_on(std::span<const ItemLife> items);

/// An operation stays only if all others on its value stay; takes of unknown outcome always stay.
/// A legal order stays legal when all operations on a value are struck from it: what a take of
/// unknown outcome took then never happened.
void support_items(const ObjectPartition& all, std::vector<bool>& kept);

/// Erases indeterminate additions of values that are never taken, however often they are added.
void prune_items(std::vector<ObjectOp>& ops);

} // namespace faultlab
