#pragma once

#include "checker/frontier_search.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/register_model.hpp"
#include "core/checker.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace faultlab {

/// The search of frontier_search.hpp with at most `width` configurations after each event. Nothing
/// when it left some out and found no order: then there may be one all the same.
[[nodiscard]] std::optional<SearchOutcome> search_order_within(std::span<const RegisterOp> ops,
                                                               const LinearizabilityRules& rules,
                                                               std::size_t width,
                                                               const Budget& budget);

/// The search of frontier_search.hpp, with the work on every return shared by all threads of the
/// budget, however little it is.
[[nodiscard]] SearchOutcome search_order_together(std::span<const RegisterOp> ops,
                                                  const LinearizabilityRules& rules,
                                                  const Budget& budget);

} // namespace faultlab
