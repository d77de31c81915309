#pragma once

#include "core/result.hpp"
#include "core/system.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace faultlab {

/// One system that the lab can test. Feeds `list`, `describe`, --help and the tests.
struct SystemEntry {
    std::string_view name;
    std::string_view summary; ///< one line
    std::unique_ptr<System> (*make)();
};

[[nodiscard]] std::span<const SystemEntry> system_catalogue();

/// A name that is not in the catalogue is a usage error that names the nearest ones.
Result<const SystemEntry*> find_system(std::string_view name);

} // namespace faultlab
