#pragma once

#include "core/checker.hpp"
#include "core/history.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// An order that explains a history, part by part: parts (keys, or independent parts of one object)
/// have nothing to do with each other, and follow each other whole.
struct Witness {
    std::vector<OpId> order; ///< indeterminate operations that are not in it never took effect
    std::string missing;     ///< why there is none; empty: there is one
};

/// Looks for an order of the history as this model of `linearizability`, in a pass of its own after
/// the verdict. Each part is played again by something that shares nothing with the search
/// (checker/register_proof.hpp, object_order_is_legal, kv_order_is_legal) before it is given out.
/// Requires: a model that a checker has.
[[nodiscard]] Witness
find_witness(const History& history, std::string_view model, const Budget& budget);

/// The operations one after the other, in the order given: a history without concurrency, which
/// whoever can run the object step by step can check. Each has a process of its own; those that
/// were indeterminate stay so, and have an index to spare for when that was found out.
[[nodiscard]] History one_after_another(const History& history, std::span<const OpId> order);

} // namespace faultlab
