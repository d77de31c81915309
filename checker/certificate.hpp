#pragma once

#include "checker/register_model.hpp"
#include "core/history.hpp"
#include "core/types.hpp"

#include <span>

namespace faultlab {

/// Checks a counterexample by itself: judges the cited operations of one key as they were known
/// when `divergence`, one of them, returned, by trying every order with every choice of the
/// indeterminate ones. True when none is legal. When updates of the key that had been invoked by
/// then are not cited, versions need only grow, because they may have taken the numbers between.
/// Shares nothing with the search but the reading of the operations.
/// Requires: at most 12 operations.
[[nodiscard]] bool certificate_is_illegal(const History& history,
                                          std::span<const OpId> ids,
                                          OpId divergence,
                                          RegisterModel model);

/// Checks a witness of a group of keys of the model kv by itself: that it respects real time, and
/// that the operations can be played on an empty map in this order.
[[nodiscard]] bool kv_order_is_legal(const History& history, std::span<const OpId> order);

/// As certificate_is_illegal, for the model kv: judges what the operations did to `keys` (empty: to
/// all), by playing them on a map.
[[nodiscard]] bool kv_certificate_is_illegal(const History& history,
                                             std::span<const OpId> ids,
                                             OpId divergence,
                                             std::span<const Value> keys = {});

} // namespace faultlab
