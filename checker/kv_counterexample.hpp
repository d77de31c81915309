#pragma once

#include "checker/kv_model.hpp"
#include "core/checker.hpp"

#include <optional>
#include <span>
#include <vector>

namespace faultlab {

// As checker/counterexample.hpp, for the model kv.

/// Where an illegal history of one group stops being legal.
struct KvDivergence {
    KvOp op;
    std::int64_t explained = 0; ///< operations that had returned before, all of them explained
    /// What had been invoked by then, in order of invocation, each as far as it was known.
    std::vector<KvOp> ops;
};

/// Nothing when the history is legal or the budget is spent.
[[nodiscard]] std::optional<KvDivergence>
find_kv_divergence(std::span<const KvOp> ops, KvPlaces& places, const Budget& budget);

/// What it takes to be illegal is seen on few of the keys: the same divergence on as few keys as
/// suffice, with nothing said of the others. A legal order of all is one of what happened to some
/// of the keys, so if that is illegal, all is. Returns at least what it was given when the budget
/// is spent.
[[nodiscard]] KvDivergence
narrow_to_keys(const KvDivergence& divergence, KvPlaces& places, const Budget& budget);

/// The keys that its operations have to do with, ascending.
[[nodiscard]] std::vector<KeyId> keys_of(std::span<const KvOp> ops);

/// Of the subset `kept` of `ops` this removes what is without support, and returns the rest:
///
/// An operation that depends on what a key was (it observed it, compared it, or added to it) may
/// stay only if every update that can have been the one directly before it on that key stays: an
/// update that was invoked before it returned, that can have left what it found (for an unknown sum
/// anything, for a failed cas anything but what it compared with; every addition counts), and after
/// which no definite update of that key that stays came, wholly between the two in time. And a
/// value that was found keeps at least one of its writers.
///
/// So in a legal order of `ops` every operation that stays finds, when everything else is struck,
/// what it found before: if the returned subset is illegal, the whole history is.
[[nodiscard]] std::vector<KvOp>
supported_kv_subset(std::span<const KvOp> ops, std::vector<bool> kept, const KvPlaces& places);

struct KvCounterexample {
    std::vector<KvOp> ops; ///< in order of invocation
    bool minimal = false;  ///< each single removal makes it legal: tried
};

/// Removes operations while the rest is illegal. When the budget is spent it returns what it has.
[[nodiscard]] KvCounterexample
reduce_kv(const KvDivergence& divergence, KvPlaces& places, const Budget& budget);

} // namespace faultlab
