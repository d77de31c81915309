#pragma once

#include "checker/frontier_search.hpp"
#include "checker/kv_input.hpp"
#include "checker/kv_model.hpp"
#include "core/checker.hpp"

#include <span>
#include <vector>

namespace faultlab {

/// Whether the operations of one group of keys can be put in one order that respects real time and
/// is legal for the map, all keys absent at first. Exact, unless the budget is spent. The search of
/// checker/frontier_search.hpp; `places` may grow.
[[nodiscard]] SearchOutcome search_kv(std::span<const KvOp> ops,
                                      KvPlaces& places,
                                      const Budget& budget,
                                      const KvLicences& licences = {});

/// The states in which the group can be after the last event, by key; in ascending order of their
/// values; empty when there are none or the budget is spent.
[[nodiscard]] std::vector<std::vector<PlaceId>>
final_kv_states(std::span<const KvOp> ops, KvPlaces& places, const Budget& budget);

} // namespace faultlab
