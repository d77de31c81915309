#pragma once

#include "checker/linearizability_rules.hpp"
#include "checker/register_model.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace faultlab {

/// The operations of one key, made ready for the search: what nobody can notice is gone, and what
/// nobody can tell apart is equal.
struct SearchInput {
    std::vector<RegisterOp> ops;          ///< in order of invocation
    std::vector<std::uint32_t> signature; ///< by op: equal for interchangeable ones
    std::uint32_t signatures = 0;
    std::vector<std::uint8_t> dead; ///< by op: a definite write whose value nobody observes

    /// A place is what a state is left for good by: the version where there is one, else the value.
    bool by_version = false;
    /// By place: the last invocation of a definite operation that needs it; -1: none.
    std::vector<Index> last_needed;
    /// By place: the last invocation of an update that leads to it. Versions never come back.
    std::vector<Index> last_reached;

    [[nodiscard]] std::uint64_t place(const RegisterState& state) const {
        return by_version ? state.version : state.value;
    }
    /// The place that a definite operation must find.
    [[nodiscard]] std::optional<std::uint64_t> needed_place(const RegisterOp& op) const;
};

[[nodiscard]] SearchInput prepare_search(std::span<const RegisterOp> ops,
                                         const LinearizabilityRules& rules);

} // namespace faultlab
