#pragma once

#include "core/result.hpp"
#include "replica/core/types.hpp"
#include "replica/daemon/file.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace faultlab::replica {

/// Bytes that a disk writes as a whole or not at all.
constexpr std::size_t sector_bytes = 512;

/// Remembers what became of one file's bytes since the last sync that held: the old and the new
/// bytes of every write, in a log beside the file. It survives the process, not the machine: a
/// SIGKILL loses nothing of it, and that is all that a simulated power cut needs. Owned by the
/// thread that writes the file.
class UnsyncedLog {
public:
    /// Begins or goes on with the log of `file`. What an earlier process left unsynced stays so.
    [[nodiscard]] static Result<UnsyncedLog> open(const std::filesystem::path& file);

    /// Call before the write, with what the file holds there now; 0, or the errno.
    [[nodiscard]] int record(std::uint64_t offset, Bytes before, Bytes after);
    /// A sync of the file is done: all writes recorded so far are on the disk, but for those that a
    /// failed sync had lost. 0, or the errno.
    [[nodiscard]] int synced();
    /// A sync of the file failed: no later one covers the writes recorded so far, because the
    /// kernel takes their pages for clean (Rebello et al., "Can Applications Recover from fsync
    /// Failures?", 2020). 0, or the errno.
    [[nodiscard]] int sync_failed();

private:
    [[nodiscard]] int append(std::uint64_t kind, std::uint64_t offset, Bytes before, Bytes after);

    File log_;
    std::uint64_t end_ = 0;
    std::vector<std::byte> record_;
    bool lost_some_ = false; ///< a sync had failed: the records after it stay
};

/// What a power cut did to the writes that no sync covered.
struct PowerCut {
    std::uint64_t kept = 0;
    std::uint64_t dropped = 0;
    std::uint64_t torn = 0; ///< some of their sectors kept, others dropped
};

/// Decides the fate of every unsynced write of a replica that ran with --disk-double: kept, dropped
/// or torn by sector, drawn from the seed, and brings the files into that state. Requires: the
/// process is gone (SIGKILL). The same files and seed give the same result.
[[nodiscard]] Result<PowerCut> power_cut(const std::filesystem::path& data, std::uint64_t seed);

} // namespace faultlab::replica
