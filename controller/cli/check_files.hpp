#pragma once

#include "controller/cli/commands.hpp"
#include "core/result.hpp"

#include <string>
#include <vector>

namespace faultlab {

/// Whether the user means a file with a history, not a run: '-', a name that ends in a format, or a
/// file with a directory or an ending in its name that is no SQLite database.
[[nodiscard]] bool names_history(const std::string& name);

/// What came of one file, ready to be said.
struct FileOutcome {
    std::string text;          ///< for standard output
    std::vector<Error> errors; ///< for standard error; with `failed` it is all there is
    bool failed = false;       ///< there is no verdict
    int code = 0;              ///< exit code
};

/// Judges histories that no run of this lab left, several at a time; nothing is stored. The
/// outcomes are in the order of the names. Shows on stderr how far it is.
[[nodiscard]] std::vector<FileOutcome> check_files(const CheckCommand& command,
                                                   const std::vector<std::string>& names);

} // namespace faultlab
