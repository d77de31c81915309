#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <functional>
#include <ostream>

namespace faultlab {

/// Lets `write` fill the file that a user named: whole, or not there as before. It gets another
/// name in the same directory first and is renamed at the end; of a symbolic link what it points to
/// is replaced. What is no regular file (a device, a pipe) is never replaced, but written to.
/// An error names the path and what was wrong.
Result<void> write_file(const std::filesystem::path& path,
                        const std::function<Result<void>(std::ostream&)>& write);

/// Refuses a path to which nothing can be written, before anything is done for it: its directory is
/// not there or read-only, or it is a directory itself. An empty one is none, and fine.
Result<void> expect_writable(const std::filesystem::path& path);

/// As write_file, packed where the name ends in .gz or .zst.
Result<void> write_packed_file(const std::filesystem::path& path,
                               const std::function<Result<void>(std::ostream&)>& write);

} // namespace faultlab
