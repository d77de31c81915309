#pragma once

#include "checker/kv_model.hpp"
#include "core/checker.hpp"

#include <optional>
#include <vector>

namespace faultlab {

/// An order of the operations of one group that respects real time and is legal for the map, all
/// keys absent at first; indeterminate ones that are not in it never took effect. Looked for depth
/// first, until the budget is spent. Nothing when none was found. The places of the group may grow.
[[nodiscard]] std::optional<std::vector<OpId>> find_kv_order(KvGroup& group, const Budget& budget);

} // namespace faultlab
