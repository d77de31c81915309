#pragma once

#include "checker/object_model.hpp"

#include <optional>

namespace faultlab {

/// All of them are needed: tests switch off each.
struct SetRules {
    bool absent_at_first = true; ///< nothing is seen that was not added
    bool lasting = true;         ///< what was certainly added is seen
    bool seen = true;            ///< and what was seen is seen again
    bool once = true;            ///< elements that are added again are for a search
    bool chain = true;           ///< of two reads one holds all that the other does
    bool in_time = true;         ///< and the larger one is not before the smaller
};

/// Judges one element that is added at most once and never removed, in a set that is not read as a
/// whole; nothing where that is not so. O(n). The addition takes effect at one moment: before the
/// return of every operation that saw the element, after the invocation of every one that did not.
[[nodiscard]] std::optional<Judgement> judge_element(const ObjectPartition& partition,
                                                     const SetRules& rules = {});

/// Judges a set that only grows and is read as a whole, where every element is added at most once;
/// nothing where that is not so. O(n log n) and linear in the sizes of the reads.
///
/// The reads are a chain under inclusion, so they come in order of size, equal ones in order of
/// invocation. Each takes effect as early as it can: after the read before it, after its own
/// invocation and after that of every addition that it is the first to see. Later would help none
/// of the others. An addition that a read did not see must not have returned before it.
[[nodiscard]] std::optional<Judgement> judge_growing_set(const ObjectPartition& partition,
                                                         const SetRules& rules = {});

} // namespace faultlab
