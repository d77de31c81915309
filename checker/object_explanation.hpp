#pragma once

#include "checker/object_model.hpp"

namespace faultlab {

/// Completes the judgement of an invalid partition: where it stops being legal, and a certificate.
/// The history is cut at the divergence; then operations are removed while the rest is illegal, as
/// far as the model lets them go (ObjectModel::support). When the budget is spent it leaves what it
/// has.
void explain_object(const ObjectModel& model,
                    const ObjectPartition& partition,
                    const Budget& budget,
                    Judgement& judgement);

/// The history as it was when the index `cut` was drawn: operations that had not returned are open
/// and have no result.
[[nodiscard]] std::vector<ObjectOp> object_prefix(std::span<const ObjectOp> ops, Index cut);

/// Checks a certificate by itself: judges the cited operations, with those that the model never
/// lets go, as they were known when `divergence` returned, by trying every order with every choice
/// of the indeterminate ones. True when none is legal. Shares nothing with the judges but the
/// meaning of single operations. Requires: at most 12 such operations.
[[nodiscard]] bool object_certificate_is_illegal(const ObjectModel& model,
                                                 const ObjectPartition& partition,
                                                 std::span<const OpId> cited,
                                                 OpId divergence);

/// Checks a witness by itself: it holds every definite operation and none twice, respects real
/// time, and the object allows it.
[[nodiscard]] bool object_order_is_legal(const ObjectModel& model,
                                         const ObjectPartition& partition,
                                         std::span<const OpId> order);

} // namespace faultlab
