#include "workloads/catalogue.hpp"

#include "core/catalogue.hpp"

#include <array>

namespace faultlab {

// Each is defined in the file of its name, which has no header.
std::unique_ptr<Workload> make_kv_workload();
std::unique_ptr<Workload> make_register_workload();

namespace {

constexpr std::array entries{
    WorkloadEntry{.name = "register",
                  .summary = "reads, unique writes and compare-and-set on many independent keys",
                  .make = make_register_workload},
    WorkloadEntry{.name = "kv",
                  .summary = "one map: also additions, appends, deletes, scans of small ranges and "
                             "transactions over a few keys",
                  .make = make_kv_workload},
};

} // namespace

std::span<const WorkloadEntry> workload_catalogue() {
    return entries;
}

Result<const WorkloadEntry*> find_workload(std::string_view name) {
    return find_entry(workload_catalogue(), "workload", name);
}

} // namespace faultlab
