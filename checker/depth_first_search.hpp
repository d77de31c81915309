#pragma once

#include "checker/register_model.hpp"
#include "core/checker.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace faultlab {

struct FoundOrder {
    std::optional<std::vector<std::uint32_t>> order; ///< positions in a legal order
    std::int64_t steps = 0;                          ///< operations that were put somewhere
};

/// Looks for a legal order of the operations of one register, depth first: the search of Wing and
/// Gong (1993) with Lowe's just-in-time rule, which orders operations only when one of them
/// returns. It follows one configuration at a time and undoes its steps; of those that failed it
/// remembers fingerprints. So histories that are legal cost little more than one look at each
/// operation, and nothing is concluded from finding no order: that may be for the fingerprints, or
/// because `steps_at_most` were spent. Two ways of choosing take turns, each first with a tenth of
/// the steps and then with all of them. Requires: `ops` in order of invocation.
[[nodiscard]] FoundOrder
find_order(std::span<const RegisterOp> ops, std::int64_t steps_at_most, const Budget& budget);

} // namespace faultlab
