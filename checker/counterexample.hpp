#pragma once

#include "checker/register_model.hpp"
#include "core/checker.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace faultlab {

/// Where an illegal history of one key stops being legal: what had happened until the divergence
/// returned cannot be put in order; until the return before it, it could.
struct Divergence {
    RegisterOp op;
    std::int64_t explained = 0; ///< operations that had returned before, all of them explained
    /// What had been invoked by then, in order of invocation, each as far as it was known: what had
    /// not returned is open, whatever it was answered later.
    std::vector<RegisterOp> ops;
};

/// Nothing when the history is legal or the budget is spent.
[[nodiscard]] std::optional<Divergence> find_divergence(std::span<const RegisterOp> ops,
                                                        const Budget& budget);

/// Removing an operation means pretending that it was never invoked. Of the subset `kept` of `ops`
/// this removes what is then without support, and returns the rest:
///
/// An observation (a read or a cas, open ones too) may stay only if every update that can have been
/// the one directly before it stays: an update that was invoked before the observation returned,
/// that writes what it saw (for a failed cas: anything but what it compared with), and after which
/// no definite update that stays came, wholly between the two in time. And a value that was seen
/// keeps at least one of its writers. In a versioned register, where updates that are missing may
/// have taken version numbers, a cas needs no support, and a failed cas goes with the first update.
///
/// So a legal order of `ops` stays legal when everything else is struck from it: if the returned
/// subset is illegal, the whole history is.
[[nodiscard]] std::vector<RegisterOp>
supported_subset(std::span<const RegisterOp> ops, std::vector<bool> kept, RegisterModel model);

/// Judges a subset that supported_subset returned. For a versioned register from which updates were
/// removed, versions need only grow. Unknown when the budget is spent, or when too many writes of
/// unknown version may have been given versions that were read.
[[nodiscard]] Verdict judge_subset(std::span<const RegisterOp> subset,
                                   bool updates_removed,
                                   RegisterModel model,
                                   const Budget& budget);

struct Counterexample {
    std::vector<RegisterOp> ops; ///< in order of invocation
    bool updates_removed = false;
    /// Each single removal, with what then loses its support, makes it legal: tried.
    bool minimal = false;
};

/// Removes operations while the rest is illegal: whole values first, then single operations. When
/// the budget is spent it returns what it has, not minimal.
[[nodiscard]] Counterexample
reduce(const Divergence& divergence, RegisterModel model, const Budget& budget);

/// The states in which the register can be when the divergence returns, had it not been invoked;
/// ascending by version and value, empty when they cannot be told.
[[nodiscard]] std::vector<RegisterState> states_before(const Counterexample& counterexample,
                                                       const RegisterOp& divergence,
                                                       const Budget& budget);

} // namespace faultlab
