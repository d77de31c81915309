#pragma once

#include "core/record.hpp"

#include <cstdint>
#include <vector>

namespace faultlab {

/// A stretch in which a node said that it had one role.
struct RoleBand {
    NodeId node = no_node;
    Nanos from = 0;
    Nanos to = 0;
    std::int64_t role = 0;  ///< 0 follower, 1 candidate, 2 leader
    std::int64_t term = -1; ///< a leader's; -1: not known
};

/// From the samples of "role" and "term". Where a node gave no answer for over a second, there is
/// no band. After 400 bands the rest is left out: a node
/// that flaps so often is told by its chart of terms.
[[nodiscard]] std::vector<RoleBand> role_bands(const Record& record);

} // namespace faultlab
