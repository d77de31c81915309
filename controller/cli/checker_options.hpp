#pragma once

#include "checker/catalogue.hpp"
#include "core/options.hpp"
#include "core/result.hpp"

#include <string>
#include <vector>

namespace faultlab {

/// Of the options that a user gave those that this checker has, but for its model, which is named
/// by itself. They are taken out of `unused`.
[[nodiscard]] Options
own_options(const CheckerEntry& checker, const Options& given, Options& unused);

/// An error when some option is left that none of these checkers has.
Result<void> all_used(const std::vector<std::string>& checkers, const Options& unused);

} // namespace faultlab
