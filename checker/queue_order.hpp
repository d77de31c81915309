#pragma once

#include "checker/item_lives.hpp"

namespace faultlab {

/// All of them are needed: tests switch off each.
struct QueueRules {
    ItemRules items;
    bool order = true;     ///< first in, first out
    bool real_time = true; ///< only where the additions do not overlap
    bool takers = true;    ///< a lost value needs a take of unknown outcome of its own
    bool both_searched =
        true; ///< takes of unknown outcome beside looks that found nothing are hard
};

/// Judges a queue in which every value is enqueued once; nothing where that is not so, or where
/// dequeues of unknown outcome meet dequeues that found nothing and it depends on them: then a
/// search must decide. O(n) after the times are sorted, which where they are dense is O(n) too.
///
/// After Henzinger, Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs" (2013), extended
/// by indeterminate operations. Values that were enqueued before others (in real time) must be
/// dequeued before them: a sweep over the enqueues compares every dequeue with the latest
/// invocation of a dequeue of an earlier value. A value that was never dequeued although a later
/// one was (its limit is the first return of such a dequeue) was taken by a dequeue of unknown
/// outcome that was invoked before its limit; the values are served by ascending limit with the
/// earliest invoked one, which leaves the best ones to the others.
[[nodiscard]] std::optional<Judgement> judge_queue(const ObjectPartition& partition,
                                                   const QueueRules& rules = {});

/// The same of the lives of values, in order of the invocation of their addition.
[[nodiscard]] std::optional<Judgement> judge_queue_lives(ItemLives lives,
                                                         const QueueRules& rules = {});

/// A value that a certificate calls lost was taken later: it was overtaken.
void rename_late(const ObjectPartition& whole, Certificate& certificate);

} // namespace faultlab
