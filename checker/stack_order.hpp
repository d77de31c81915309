#pragma once

#include "checker/item_lives.hpp"

namespace faultlab {

/// All of them are needed: tests switch off each.
struct StackRules {
    ItemRules items;
    bool below = true;         ///< some value was there before all that it is below
    bool above = true;         ///< and stayed longer
    bool takers = true;        ///< a lost value above one that is popped needs a take of its own
    bool open_searched = true; ///< takes of unknown outcome of lost values are hard
};

/// Judges a stack in which every value is pushed once; nothing where that is not so, or where it
/// depends on what pops of unknown outcome took: then a search must decide. O(n log n).
///
/// In the manner of Lee and Mathur, "Efficient decrease-and-conquer linearizability monitoring"
/// (arXiv 2410.04581), section 5, derived anew:
///
/// A value without a critical interval (from the return of its push to the invocation of its pop)
/// can be pushed and popped at one moment, and is left out. At a moment that no critical interval
/// covers, the stack can be taken for empty: of the values that are on it there in some legal
/// order, each can be popped before or pushed after, the former as they lie on each other, the
/// latter likewise. So what lies between two such moments is judged by itself. A maximal run [B, C]
/// that critical intervals cover has one bottom value from B to C. It must have been pushed by B:
/// its push is invoked before B, and its pop returns after C. Any value w with these properties
/// will do: nothing is popped before B and nothing is pushed after C by need, so that in a legal
/// order all other operations can be moved into [B, C], and w be pushed before and popped after all
/// of them. Without w the rest is judged in the same way, run by run. A run without such a value is
/// a violation.
///
/// A lost value x that was pushed after a value y was there, and was there before y began to be
/// popped, lies on y: a pop of unknown outcome took it that was invoked before the pop of y
/// returned, the limit of x. The values are served by ascending limit with the pop that was invoked
/// first, which leaves the best limits to the others; where there are too few, the history is
/// illegal. If it is legal with these pops it is legal.
[[nodiscard]] std::optional<Judgement> judge_stack(const ObjectPartition& partition,
                                                   const StackRules& rules = {});

} // namespace faultlab
