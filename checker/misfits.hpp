#pragma once

#include "core/history.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace faultlab {

/// An operation that is none of a model of the checker linearizability: the model does not know it,
/// or its argument or its answer has another shape than the model says.
struct Misfit {
    OpId op = -1;
    bool asked = false;   ///< it does not fit whatever it was answered
    std::string expected; ///< "expected an argument [from, to]"
};

/// How whoever reads the operations of a model refuses one: a usage error that names it, of which
/// the hint is what was expected.
[[nodiscard]] Error model_misfit(const Op& op, std::string_view model, std::string_view expected);

/// The first of the history. Whoever reads files asks this before anything is judged, as a history
/// with such an operation is none of the model. Requires: the checker has this model.
[[nodiscard]] std::optional<Misfit> first_misfit(const History& history, std::string_view model);

} // namespace faultlab
