#include "replica/daemon/disk.hpp"

#include "replica/daemon/data_directory.hpp"
#include "replica/daemon/disk_double.hpp"
#include "replica/daemon/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace faultlab::replica {
namespace {

struct Request {
    enum class Kind : std::uint8_t { Read, Write, Sync };
    Kind kind = Kind::Sync;
    Zone zone = Zone::Superblock;
    std::uint64_t offset = 0;
    IoId id = 0;
    std::vector<std::byte> bytes; ///< to write, or as many as to read
};

const char* name(Request::Kind kind) {
    switch (kind) {
        case Request::Kind::Read: return "reading";
        case Request::Kind::Write: return "writing";
        case Request::Kind::Sync: return "syncing";
    }
    return "?";
}

/// The file of one zone, with its double if it has one. Used by one disk thread.
class ZoneFile {
public:
    Result<void> open(const std::filesystem::path& path, const DiskDouble& disk_double) {
        const int problem = file_.open(path, O_RDWR);
        if (problem != 0) {
            return environment_error(
                fmt::format("opening {}: {}", path.native(), errno_words(problem)));
        }
        // After a failed write-back Linux shows pages as clean that the disk does not have.
        // Recovery must read the disk, not them. Advice only: the kernel may keep them.
        ::posix_fadvise(file_.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
        double_ = disk_double;
        if (double_.on) {
            FAULTLAB_TRY(unsynced_, UnsyncedLog::open(path));
        }
        return {};
    }

    int carry_out(Request& request) {
        switch (request.kind) {
            case Request::Kind::Read: return file_.read_at(request.offset, request.bytes);
            case Request::Kind::Write: return write(request.offset, request.bytes);
            case Request::Kind::Sync: return sync(request.zone);
        }
        return EINVAL;
    }

private:
    int write(std::uint64_t offset, Bytes bytes) {
        if (double_.on) {
            before_.resize(bytes.size());
            int problem = file_.read_at(offset, before_);
            if (problem == 0) problem = unsynced_.record(offset, before_, bytes);
            if (problem != 0) return problem;
        }
        return file_.write_at(offset, bytes);
    }

    int sync(Zone zone) {
        if (!double_.on) return file_.sync_data();
        if (double_.sync_lies) return 0;
        if (zone == Zone::Superblock) {
            std::this_thread::sleep_for(std::chrono::milliseconds(double_.superblock_sync_ms));
        }
        ++syncs_;
        if (zone == Zone::Prepares && double_.sync_fails_from != 0 &&
            syncs_ >= double_.sync_fails_from) {
            const int problem = unsynced_.sync_failed();
            return problem != 0 ? problem : EIO;
        }
        int problem = file_.sync_data();
        if (problem == 0) problem = unsynced_.synced();
        return problem;
    }

    File file_;
    DiskDouble double_;
    UnsyncedLog unsynced_;
    std::vector<std::byte> before_;
    std::uint64_t syncs_ = 0;
};

IoStatus status_of(int problem) {
    if (problem == 0) return IoStatus::Ok;
    return problem == ENOSPC || problem == EDQUOT ? IoStatus::Full : IoStatus::Failed;
}

} // namespace

/// Where both threads put what is done.
struct Disk::Shared {
    std::mutex mutex;
    std::vector<Done> done;
    std::function<void()> wake;
};

struct Disk::Worker {
    explicit Worker(Shared& shared_with) : shared(shared_with) {}
    ~Worker() {
        begin();
        {
            const std::lock_guard lock(mutex);
            ending = true;
        }
        wanted.notify_one();
        if (thread.joinable()) thread.join();
    }

    void start() {
        thread = std::thread([this] { work(); });
    }

    void ask(Request request) { asked.push_back(std::move(request)); }

    void begin() {
        if (asked.empty()) return;
        bool was_idle = false;
        {
            const std::lock_guard lock(mutex);
            was_idle = waiting.empty();
            std::ranges::move(asked, std::back_inserter(waiting));
        }
        asked.clear();
        if (was_idle) wanted.notify_one();
    }

    void work() {
        std::vector<Request> requests;
        while (true) {
            {
                std::unique_lock lock(mutex);
                wanted.wait(lock, [&] { return ending || !waiting.empty(); });
                if (waiting.empty()) return;
                std::swap(requests, waiting);
            }
            for (Request& request : requests) {
                carry_out(request);
                // Of a write nothing follows before its sync: it is told with that one.
                if (request.kind != Request::Kind::Write) tell();
            }
            tell();
            requests.clear();
        }
    }

    void carry_out(Request& request) {
        const int problem = files[static_cast<std::size_t>(request.zone)].carry_out(request);
        Done done{.id = request.id, .status = status_of(problem)};
        if (problem != 0) {
            done.problem = fmt::format("{} {} at {}: {}",
                                       name(request.kind),
                                       faultlab::replica::name(request.zone),
                                       request.offset,
                                       errno_words(problem));
        }
        if (request.kind == Request::Kind::Read) done.bytes = std::move(request.bytes);
        finished.push_back(std::move(done));
    }

    void tell() {
        if (finished.empty()) return;
        bool was_empty = false;
        {
            const std::lock_guard lock(shared.mutex);
            was_empty = shared.done.empty();
            std::ranges::move(finished, std::back_inserter(shared.done));
        }
        finished.clear();
        if (was_empty) shared.wake();
    }

    Shared& shared;
    std::array<ZoneFile, zone_count> files; ///< those of this worker are open
    std::vector<Request> asked;             ///< since begin(), by the thread that asks
    std::vector<Done> finished;             ///< not told yet, of the worker's thread
    std::mutex mutex;
    std::condition_variable wanted;
    std::vector<Request> waiting; ///< guarded by mutex
    bool ending = false;          ///< guarded by mutex
    std::thread thread;
};

Disk::Disk() : shared_(std::make_unique<Shared>()) {}
Disk::~Disk() = default;

Result<std::unique_ptr<Disk>> Disk::open(const std::filesystem::path& data,
                                         const DiskDouble& disk_double,
                                         std::function<void()> wake) {
    struct Made : Disk {};
    std::unique_ptr<Disk> disk = std::make_unique<Made>();
    disk->shared_->wake = std::move(wake);
    disk->log_ = std::make_unique<Worker>(*disk->shared_);
    disk->rest_ = std::make_unique<Worker>(*disk->shared_);
    for (std::size_t i = 0; i < zone_count; ++i) {
        const Zone zone = static_cast<Zone>(i);
        FAULTLAB_DO(disk->worker(zone).files[i].open(zone_file(data, zone), disk_double));
    }
    disk->log_->start();
    disk->rest_->start();
    return disk;
}

Disk::Worker& Disk::worker(Zone zone) {
    return zone == Zone::Headers || zone == Zone::Prepares ? *log_ : *rest_;
}

void Disk::read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) {
    worker(zone).ask({.kind = Request::Kind::Read,
                      .zone = zone,
                      .offset = offset,
                      .id = id,
                      .bytes = std::vector<std::byte>(length)});
}

void Disk::write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) {
    worker(zone).ask({.kind = Request::Kind::Write,
                      .zone = zone,
                      .offset = offset,
                      .id = id,
                      .bytes = std::vector<std::byte>(bytes.begin(), bytes.end())});
}

void Disk::sync(Zone zone, IoId id) {
    worker(zone).ask({.kind = Request::Kind::Sync, .zone = zone, .id = id});
}

void Disk::begin() {
    log_->begin();
    rest_->begin();
}

void Disk::take(std::vector<Done>& done) {
    done.clear();
    const std::lock_guard lock(shared_->mutex);
    std::swap(done, shared_->done);
}

} // namespace faultlab::replica
