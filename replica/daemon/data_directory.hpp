#pragma once

#include "core/result.hpp"
#include "replica/core/input.hpp"
#include "replica/daemon/file.hpp"
#include "replica/daemon/options.hpp"

#include <filesystem>

namespace faultlab::replica {

/// The directory of one replica: one file a zone, sparse, of zone_bytes; `lock`; and `recovering`
/// while a replica that lost its disk has not been told the state by the others. Beside the
/// directory lies DIRECTORY.formatted, which outlives its contents: a replica that has voted and
/// whose files are gone must not come back as one that never voted, since it could then vote
/// against what it had promised. Who really wants a new cluster removes that file too.
[[nodiscard]] std::filesystem::path zone_file(const std::filesystem::path& data, Zone zone);
[[nodiscard]] std::filesystem::path formatted_marker(const std::filesystem::path& data);

/// Makes the files of a replica that has never run, durably. A directory that holds a replica, or
/// held one, is refused (usage).
[[nodiscard]] Result<void> format_directory(const FormatOptions& options);

/// What `run` found or made.
struct DataDirectory {
    File lock; ///< held: one process a directory
    std::uint64_t cluster = 0;
    Limits limits;
    bool recover = false; ///< for Boot: the disk was lost and the others have not answered yet
};

/// Opens the directory, or makes it as --format-if-empty and --recover say:
///   valid superblock                        run on it (--recover changes nothing)
///   no superblock, --recover                blank files, ask the others
///   none, never formatted, --format-if-empty  format
///   none, formatted before                  refused: the disk was lost (environment)
///   a superblock that is not valid          refused (lab), unless --recover
[[nodiscard]] Result<DataDirectory> open_directory(const RunOptions& options);

/// The others have answered: from now on the files alone count.
[[nodiscard]] Result<void> end_recovery(const std::filesystem::path& data);

} // namespace faultlab::replica
