#pragma once

#include "checker/object_model.hpp"

#include <optional>

namespace faultlab {

/// All of them are needed: tests switch off each.
struct CounterRules {
    bool certain = true; ///< a read must see what returned before it began, not what was invoked
    bool until_return = true; ///< and may see what was invoked until it returned
    bool signs = true;        ///< negative additions lower what a read can see at least
    bool growing = true;      ///< later reads see no less only where nothing negative is added
};

/// A read of a counter that no order can explain: it saw less than what was certainly added before
/// it, more than what can have been added by its return, or, where nothing negative is added, less
/// than a read before it. Nothing when there is none, which proves nothing: reads that are possible
/// each by itself need not be so together. Nothing either when sums may not fit in 64 bits. O(n).
[[nodiscard]] std::optional<Judgement> refute_counter(const ObjectPartition& partition,
                                                      const CounterRules& rules = {});

} // namespace faultlab
