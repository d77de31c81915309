#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace faultlab {

/// Loads a whole run, also one that a killed lab left unfolded (with a -wal file beside it: a
/// private copy is checkpointed, the original is not touched). A million operations in under half
/// a second. Errors name the file and what is wrong with it.
Result<Record> load_record(const std::filesystem::path& run_db);

/// The newest stored result of every checker; empty when the run was never checked.
Result<std::vector<CheckResult>> load_check_results(const std::filesystem::path& run_db);

/// Stores the results of one check beside the earlier ones.
Result<void> store_check_results(const std::filesystem::path& run_db,
                                 const std::vector<CheckResult>& results);

} // namespace faultlab
