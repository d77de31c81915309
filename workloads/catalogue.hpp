#pragma once

#include "core/result.hpp"
#include "core/workload.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace faultlab {

/// One workload that the lab knows.
struct WorkloadEntry {
    std::string_view name;
    std::string_view summary; ///< one line
    std::unique_ptr<Workload> (*make)();
};

/// All of them, in the order in which they are listed.
[[nodiscard]] std::span<const WorkloadEntry> workload_catalogue();

/// A name that is not in the catalogue is a usage error that names the nearest ones.
Result<const WorkloadEntry*> find_workload(std::string_view name);

} // namespace faultlab
