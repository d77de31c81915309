#pragma once

#include "checker/linearizability_rules.hpp"
#include "checker/register_model.hpp"
#include "core/checker.hpp"
#include "core/verdict.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace faultlab {

struct SearchOutcome {
    Verdict verdict = Verdict::valid;
    OpId stopped_at = -1; ///< at whose return no configuration was left, or the budget was spent
    std::string why;      ///< of unknown: which budget, and how large the search was
    std::int64_t configurations = 0; ///< looked at
    std::int64_t widest = 0;         ///< most configurations at one event
    std::vector<OpId> pending;       ///< of unknown: the operations pending where it stopped
};

/// Whether the operations of one key can be put in one order that respects real time and is legal
/// for the register, starting absent with version 0. Exact, unless the budget is spent.
///
/// Wing and Gong's search (1993) with memory, as a frontier of configurations with Lowe's
/// just-in-time rule ("Testing for linearizability", 2017): operations are put in order only when
/// one of them returns, and only until that one is among them. A configuration is a state and one
/// bit a pending operation, whatever the length of the history.
[[nodiscard]] SearchOutcome search_order(std::span<const RegisterOp> ops,
                                         const LinearizabilityRules& rules,
                                         const Budget& budget);

/// The states in which the register can be after the last event, in ascending order; empty when
/// there are none or the budget is spent.
[[nodiscard]] std::vector<RegisterState> final_states(std::span<const RegisterOp> ops,
                                                      const LinearizabilityRules& rules,
                                                      const Budget& budget);

} // namespace faultlab
