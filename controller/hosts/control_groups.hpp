#pragma once

#include "core/types.hpp"

namespace faultlab {

/// Removes the control groups that labs on this machine have left behind: those of the names that
/// nemesis/node/control_group.hpp gives which have no processes, wherever in the hierarchies they
/// are. Waits up to `patience` for processes that are just ending; those that have some then are of
/// labs that run, and stay. A lab that ends in order leaves none; one that was killed leaves empty
/// ones.
void remove_left_control_groups(Nanos patience);

} // namespace faultlab
