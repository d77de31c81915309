#pragma once

#include "checker/object_model.hpp"

#include <optional>
#include <span>
#include <vector>

namespace faultlab {

/// Where an illegal partition stops being legal.
struct ObjectCut {
    OpId divergence = -1;
    std::int64_t explained = 0;
    std::vector<ObjectOp> ops; ///< as they were known when it returned
};

/// The first return by which the partition is illegal; `judgement` is that of the whole. Nothing
/// when the budget is spent, or when it is long and some prefix of it is hard to judge.
[[nodiscard]] std::optional<ObjectCut> find_object_cut(const ObjectModel& model,
                                                       const ObjectPartition& partition,
                                                       const Judgement& judgement,
                                                       const Budget& budget);

/// Completes the judgement of an invalid partition: where it stops being legal, and a certificate.
/// The history is cut there; then operations are removed while the rest is illegal, as far as the
/// model lets them go (ObjectModel::support). Without a cut they are removed from the whole, and
/// what is left is cut by itself. When the budget is spent it leaves what it has.
void explain_object(const ObjectModel& model,
                    const ObjectPartition& partition,
                    const std::optional<ObjectCut>& cut,
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
