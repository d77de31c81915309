#pragma once

#include "core/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultlab {

/// A mistake that the system was told to make in this run.
struct PlantedInRun {
    std::string id;
    /// How often it changed an outcome, over all replicas and their lives, as far as they said so
    /// before they ended; nothing when none of them said anything of it.
    std::optional<std::int64_t> fired;
};

/// In the order of their names.
[[nodiscard]] std::vector<PlantedInRun> planted_in(const Record& record);

/// One line a bug: "V11 fired 12 times", "V5 never fired: ...".
[[nodiscard]] std::vector<std::string> planted_lines(const Record& record);

/// "planted bugs V5 and V11", or empty.
[[nodiscard]] std::string planted_text(const Record& record);

} // namespace faultlab
