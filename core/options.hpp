#pragma once

#include "core/result.hpp"
#include "core/types.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// One `--option NAME=VALUE` of a system or workload. Feeds --help, `describe` and the check of
/// what the user typed.
struct OptionSpec {
    std::string name;
    std::string fallback;             ///< the value when the option is not given
    std::vector<std::string> choices; ///< empty: any text
    std::string help;                 ///< one line
};

/// The given options completed with the fallbacks of `specs`. A name that no spec has, or a value
/// that is not among the choices, is a usage error that names the nearest valid ones.
Result<Options>
complete_options(const Options& given, std::span<const OptionSpec> specs, std::string_view owner);

/// The up to three candidates nearest to `typed` by edit distance, nearest first; all of them in
/// their order when none is near.
std::vector<std::string> nearest_names(std::string_view typed,
                                       std::span<const std::string> candidates);

} // namespace faultlab
