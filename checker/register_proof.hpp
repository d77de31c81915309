#pragma once

#include "checker/register_model.hpp"

#include <cstdint>
#include <span>

namespace faultlab {

// Verdicts on one key that can be checked by themselves, without the machinery that gave them. This
// file shares nothing with the searches and the fast paths but the operations as they were read.
// Positions are those in `ops`, which is in order of invocation. Pure; safe from all threads.

/// Whether `order` is a legal order of the operations: every definite one once, open ones at most
/// once, nobody after one that was invoked after it had returned, and each with the result that it
/// had on a register that starts absent with version 0. Takes time linear in the operations.
[[nodiscard]] bool witness_is_legal(std::span<const RegisterOp> ops,
                                    std::span<const std::uint32_t> order);

/// Whether the cited operations alone prove that the operations have no legal order: every value
/// that a cited one observed has at most one writer among all operations, which is cited, or, where
/// a cas is the first of its chain to be cited, is put aside with the comparison; and no order of
/// the cited ones is legal, tried exhaustively.
///
/// Why that proves it: strike everything else from a legal order of all. The writer of an observed
/// value stays, and what came between it and the observer was no update and only became less. So
/// the rest would be a legal order of the cited operations.
///
/// Or that one of them saw a value after another of them had shown another value, and no update to
/// the former can have taken effect between the two.
///
/// On a register with versions the rest of the history is there and is not looked at, but for how
/// many updates there are and which of them can have made what a cited read saw: where that is a
/// cited one alone, it did. No order of the cited ones is legal, although versions may be skipped
/// between any two of them.
///
/// Why that proves it: in a legal order of all, the cited ones are in an order that keeps time, in
/// which versions never fall, an update makes a version above all before it, what is seen of one
/// version is one value, and a failed cas has another version at its moment than it compared with.
[[nodiscard]] bool certificate_refutes(std::span<const RegisterOp> ops,
                                       std::span<const std::uint32_t> cited);

} // namespace faultlab
