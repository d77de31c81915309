#pragma once

#include "core/history.hpp"
#include "core/logged_outcomes.hpp"
#include "core/result.hpp"

#include <vector>

namespace faultlab {

/// A history in which what a log knows of indeterminate operations is taken in.
struct KnownOutcomes {
    History history; ///< same operations, same order; the indexes of events are new
    std::size_t unknown = 0;
    std::vector<OpId> bounded; ///< ascending; took effect before an operation that followed it
    std::vector<OpId> without_effect; ///< ascending; never took effect
};

/// An indeterminate operation that is in no log, or was refused there, never took effect: it fails.
/// One that was done took effect before the next operation of the log that a client saw done: it is
/// ok, with the result that the log gives it, and returns just before that one; if none follows it
/// stays indeterminate. What is ok or failed already stays as it is.
///
/// Sound as far as the log is: the order of positions is the order in which the system executed
/// ("WAL recovery" of etcd's robustness tests rests on the same). So a log that denies what a
/// client saw, or has two operations in another order than real time, is an error. O(n log n).
[[nodiscard]] Result<KnownOutcomes> with_logged_outcomes(const History& history,
                                                         const LoggedOutcomes& logged);

} // namespace faultlab
