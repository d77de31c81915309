#pragma once

#include "checker/register_model.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace faultlab {

/// All of them are needed: tests switch off each.
struct CandidateRules {
    bool shown_before = true;       ///< what shows another value returned before it was seen
    bool until_return = true;       ///< what is seen can be written until then
    bool open_ops_stay_open = true; ///< an open operation never returns
    bool initial_is_written = true; ///< the absent value was there first
};

/// An operation that saw a value which nobody can have written in time.
struct WithoutWriter {
    static constexpr std::uint32_t nobody = UINT32_MAX;
    std::uint32_t observer = nobody;
    /// It returned before the observer was invoked, and left or found another value; every update
    /// to the observed value had returned before it was invoked, or came after the observer.
    /// Nobody: there is no update to this value before the observer returned.
    std::uint32_t shows_another = nobody;
};

/// Looks for such an operation in the history of one register without versions, however often
/// values are written. Nothing when there is none, which proves nothing. O(n log n).
///
/// Between the moment of the one that shows another value and that of the observer some update led
/// to the observed value: it was invoked before the observer returned, and returned after the other
/// was invoked. Of those that show another value the one invoked last leaves the fewest updates.
[[nodiscard]] std::optional<WithoutWriter> find_without_writer(std::span<const RegisterOp> ops,
                                                               const CandidateRules& rules = {});

} // namespace faultlab
