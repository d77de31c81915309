#pragma once

#include "core/result.hpp"
#include "replica/core/input.hpp"
#include "replica/daemon/options.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace faultlab::replica {

/// Carries out what the core asks of its disk: two threads, one for the log (headers and prepares),
/// one for superblock and snapshot, so that a slow snapshot never delays an acknowledgement. Within
/// a thread operations happen in the order in which they were asked for. Used by one thread but for
/// `wake`, which the disk's threads call.
class Disk {
public:
    struct Done {
        IoId id = 0;
        IoStatus status = IoStatus::Ok;
        std::vector<std::byte> bytes; ///< of a read
        std::string problem;          ///< for people; empty when all is well
    };

    /// Opens the zones' files. `wake`: something is done; called once until `take` was.
    [[nodiscard]] static Result<std::unique_ptr<Disk>> open(const std::filesystem::path& data,
                                                            const DiskDouble& disk_double,
                                                            std::function<void()> wake);
    /// Finishes what was asked for, then ends the threads.
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id);
    void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id);
    void sync(Zone zone, IoId id);
    /// Lets the threads take what was asked for since the last call, so that they are woken once.
    void begin();

    /// Everything done since the last call, in order a thread, into `done` (emptied first).
    void take(std::vector<Done>& done);

private:
    struct Worker;
    struct Shared;
    Disk();
    Worker& worker(Zone zone);

    std::unique_ptr<Shared> shared_;
    std::unique_ptr<Worker> log_;
    std::unique_ptr<Worker> rest_;
};

} // namespace faultlab::replica
