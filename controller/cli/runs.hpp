#pragma once

#include "core/result.hpp"
#include "core/store/lab_index.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace faultlab {

/// Where one run keeps its files.
struct RunDirectory {
    std::string id;
    std::filesystem::path path;
    std::string started_utc; ///< of a new one, for people
    [[nodiscard]] std::filesystem::path run_db() const { return path / "run.db"; }
    [[nodiscard]] std::filesystem::path report() const { return path / "report.html"; }
    /// What a replica on a host of this machine left there.
    [[nodiscard]] std::filesystem::path data_directory(const std::string& node) const {
        return path / "nodes" / node / "data";
    }
};

/// The index of a lab that there is; a usage error where no run was ever made.
Result<LabIndex> existing_index(const std::filesystem::path& lab);

/// The run that `name` means: "latest", an id or the start of one, a run's directory or its run.db.
/// None or several: a usage error that says which there are.
Result<RunDirectory> find_run(const std::filesystem::path& lab, std::string_view name);

/// A new run's directory, made, with an id that no other run of this lab has. An error when the
/// directory cannot be written.
Result<RunDirectory> make_run_directory(const std::filesystem::path& lab);

/// How the user types this run again: its id, and --lab where that is not the default.
[[nodiscard]] std::string run_arguments(const std::filesystem::path& lab, const RunDirectory& run);

/// `text` as one word of a POSIX shell command line, for commands that people copy.
[[nodiscard]] std::string shell_word(std::string_view text);

} // namespace faultlab
