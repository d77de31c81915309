#pragma once

#include "core/result.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {

/// "60s", "2m", "1h", "500ms", "1.5s" or a bare number of seconds. More than zero, at most 7 days.
Result<Nanos> parse_duration(std::string_view text);

/// The shortest exact text that parse_duration reads: "60s", "500ms", "90s".
[[nodiscard]] std::string duration_argument(Nanos duration);

/// A seed, decimal or hexadecimal ("7", "0x5eed").
Result<std::uint64_t> parse_seed(std::string_view text);

/// "NAME=VALUE".
Result<std::pair<std::string, std::string>> parse_assignment(std::string_view text);

} // namespace faultlab
