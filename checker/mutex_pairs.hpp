#pragma once

#include "checker/object_model.hpp"

#include <optional>
#include <vector>

namespace faultlab {

/// All of them are needed: tests switch off each.
struct MutexRules {
    bool exclusive = true;  ///< two that hold it do not overlap
    bool forever = true;    ///< who never releases holds it to the end
    bool paired = true;     ///< acquire and release of one owner take turns
    bool sequential = true; ///< operations of one owner that overlap are for a search
};

/// Judges a lock whose owners are named, where all operations are definite and no two of one owner
/// overlap; nothing where that is not so. O(n).
///
/// Then the operations of an owner take turns, and each acquire has its release. It is surely held
/// from the return of the one to the invocation of the other. Two such times that overlap are a
/// violation; if no two do, all acquires can take effect when they return and all releases when
/// they are invoked.
[[nodiscard]] std::optional<Judgement> judge_mutex(const ObjectPartition& partition,
                                                   const MutexRules& rules = {});

/// An acquire and its release leave together. Where it cannot be told which belong together, all
/// operations of that owner do. Where an owner is not named, all leave together that happened
/// between two instants at which nothing was pending and the lock was free, and what happened after
/// the last of these cannot go.
void support_pairs(const ObjectPartition& all, std::vector<bool>& kept);

/// Whether each of them can go with its acquire or its release alone.
[[nodiscard]] bool all_in_pairs(const ObjectPartition& all);

} // namespace faultlab
