#pragma once

#include "checker/object_model.hpp"

#include <optional>

namespace faultlab {

/// All of them are needed: tests switch off each.
struct RenamingRules {
    bool invoked = true; ///< what can be taken was asked for by then, and need not have returned
    bool judged = true;  ///< what was guessed is checked
};

/// Judges a queue in which values are enqueued more than once, by guessing which dequeue took which
/// of the equal values: then each has a name of its own, and checker/queue_order.hpp judges. Of
/// equal values the first one enqueued is the first one dequeued, so what there is to guess is the
/// order of operations that overlap: that of the middles of their intervals is right for most, and
/// where two values are then out of order, one of them changes places with an equal one near it, as
/// long as this moves the first disorder further on. A guess that is legal proves the history
/// legal.
///
/// Illegal is only a history in which some value was taken more often than it can have been added
/// by then. Nothing where the guess comes to nothing: then a search must decide.
[[nodiscard]] std::optional<Judgement> judge_repeated_queue(const ObjectPartition& partition,
                                                            const RenamingRules& rules = {});

} // namespace faultlab
