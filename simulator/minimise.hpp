#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace faultlab::simulator {

/// Leaves items out as long as `holds` holds of what is left: first halves, then quarters, at last
/// single ones (delta debugging: Zeller and Hildebrandt 2002, complements only). Returns indexes
/// of what is left; without any of these alone it did not hold when that was asked last. Requires:
/// it holds of all `count`.
std::vector<std::size_t>
minimise(std::size_t count, const std::function<bool(const std::vector<std::size_t>& kept)>& holds);

} // namespace faultlab::simulator
