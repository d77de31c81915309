#pragma once

namespace faultlab {

/// Removes the control groups that labs on this machine have left behind: those of the names that
/// nemesis/node/control_group.hpp gives which have no processes. The kernel keeps those that have.
/// A lab that ends in order leaves none; one that was killed leaves empty ones to the next.
void remove_left_control_groups();

} // namespace faultlab
