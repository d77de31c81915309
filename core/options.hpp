#pragma once

#include "core/result.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {

/// One `--option NAME=VALUE` of a system or workload. Feeds --help, `describe` and the check of
/// what the user typed.
struct OptionSpec {
    std::string name;
    std::string fallback;             ///< the value when the option is not given
    std::vector<std::string> choices; ///< empty: any text
    std::string help;                 ///< one line
    /// Set: the value is an integer from `first` to `second`.
    std::optional<std::pair<std::int64_t, std::int64_t>> range = std::nullopt;
    bool several = false; ///< the value is a list of choices, separated by commas; may be empty
};

/// The given options completed with the fallbacks of `specs`. A name that no spec has, or a value
/// that is not among the choices, is a usage error that names the nearest valid ones; likewise one
/// that is no integer of the range.
/// A list of choices keeps the order in which it was given.
Result<Options>
complete_options(const Options& given, std::span<const OptionSpec> specs, std::string_view owner);

/// "a,b,c" without empty parts.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// The up to three candidates nearest to `typed` by edit distance, nearest first; all of them in
/// their order when none is near.
std::vector<std::string> nearest_names(std::string_view typed,
                                       std::span<const std::string> candidates);

/// An option with a range, as a number. Requires: `options` were completed with its spec.
[[nodiscard]] std::int64_t integer_option(const Options& options, const std::string& name);

} // namespace faultlab
