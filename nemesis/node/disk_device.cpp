#include "nemesis/node/disk_device.hpp"

#include "core/check.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <system_error>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

/// How long syncs are remembered, for cuts in which they were lies.
constexpr Nanos memory = 2 * second;
constexpr auto step = std::chrono::milliseconds(2);

/// A process that is being killed waits for its answer all the same: the kernel wants it.
bool is_dying(pid_t caller) {
    if (caller == 0) return false;
    std::ifstream status(fmt::format("/proc/{}/status", caller));
    if (!status) return true;
    std::string line;
    while (std::getline(status, line)) {
        const bool pending = line.starts_with("SigPnd:") || line.starts_with("ShdPnd:");
        constexpr std::uint64_t killed = 1ULL << 8U; // SIGKILL is the ninth
        if (pending && (std::stoull(line.substr(7), nullptr, 16) & killed) != 0) return true;
    }
    return false;
}

Descriptor reopened(const DiskNode& node, int flags) {
    const std::string path = fmt::format("/proc/self/fd/{}", node.handle.get());
    return Descriptor(::open(path.c_str(), flags | O_CLOEXEC));
}

/// All of it, as far as there is something.
ssize_t read_whole(int descriptor, std::span<std::byte> bytes, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::pread(descriptor,
                                  bytes.data() + done,
                                  bytes.size() - done,
                                  static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return static_cast<ssize_t>(done);
}

ssize_t write_whole(int descriptor, std::span<const std::byte> bytes, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::pwrite(descriptor,
                                   bytes.data() + done,
                                   bytes.size() - done,
                                   static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        done += static_cast<std::size_t>(n);
    }
    return static_cast<ssize_t>(done);
}

} // namespace

DiskDevice::DiskDevice(Descriptor data, const fs::path& graves)
    : tree_(std::move(data)), names_(memory) {
    fs::remove_all(graves); // of a helper that was killed
    fs::create_directories(graves);
    graves_ = Descriptor(::open(graves.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!graves_.valid())
        throw std::system_error(errno, std::generic_category(), "opening " + graves.string());
}

DiskDevice::~DiskDevice() = default;

Nanos DiskDevice::now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

void DiskDevice::begin(Forget forget) {
    forget_ = std::move(forget);
    house_ = std::jthread([this](const std::stop_token& stop) { keep_house(stop); });
}

DiskDevice::Passage::Passage(DiskDevice& device, DiskOp op)
    : device_(device), op_(op), start_(DiskDevice::now()) {}

DiskDevice::Passage::~Passage() {
    DiskTally& tally = device_.tallies_[static_cast<std::size_t>(op_)];
    tally.calls += 1;
    if (error != 0) tally.failed += 1;
    tally.time += DiskDevice::now() - start_;
}

/// Returns whether there is some; else the passage has an error.
bool DiskDevice::wait_for_power(Passage& passage, pid_t caller) {
    for (;;) {
        passage.power_ = std::shared_lock(gate_);
        const Power power = power_;
        if (power == Power::on) return true;
        passage.power_.unlock();
        if (power == Power::off || is_dying(caller)) {
            passage.error = EIO;
            return false;
        }
        std::this_thread::sleep_for(step);
    }
}

/// Waits as long as the fate of the call has it.
void DiskDevice::wait_out(Passage& passage, const DiskCall& call, pid_t caller) {
    const Nanos until = now() + passage.fate.delay;
    bool stalled = passage.fate.stalls;
    int rounds = 0;
    for (Nanos left = passage.fate.delay; left > 0 || stalled; left = until - now()) {
        if (power_ != Power::on) return;
        constexpr int rounds_between_looks = 5;
        if (++rounds % rounds_between_looks == 0 && is_dying(caller)) {
            passage.error = EIO;
            return;
        }
        const Nanos slice = left > 0 ? left : std::chrono::nanoseconds(step).count();
        std::this_thread::sleep_for(
            std::min(std::chrono::nanoseconds(slice), std::chrono::nanoseconds(step)));
        if (!stalled) continue;
        const std::scoped_lock lock(book_mutex_);
        book_.expire(now());
        stalled = book_.stalls(call);
    }
}

bool DiskDevice::needs_room(DiskNode& node, const Asked& asked) {
    if (asked.op != DiskOp::write || asked.length == 0) return asked.op == DiskOp::name;
    const std::scoped_lock lock(node.mutex);
    if (open_data(node) != 0) return true;
    const auto from = static_cast<off_t>(asked.offset);
    const auto end = from + static_cast<off_t>(asked.length);
    if (::lseek(node.data.get(), from, SEEK_DATA) != from) return true;
    return ::lseek(node.data.get(), from, SEEK_HOLE) < end;
}

void DiskDevice::enter(Passage& passage, DiskNode& node, const Asked& asked) {
    if (rules_) {
        std::string path = tree_.path(node);
        if (!asked.name.empty()) path += (path.empty() ? "" : "/") + std::string(asked.name);
        const bool allocates = full_ && needs_room(node, asked);
        const DiskCall call{.op = asked.op, .path = path, .allocates = allocates, .now = now()};
        {
            const std::scoped_lock lock(book_mutex_);
            passage.fate = book_.decide(call);
        }
        wait_out(passage, call, asked.caller);
        if (passage.error == 0) passage.error = passage.fate.error;
        if (passage.error != 0) return;
    }
    wait_for_power(passage, asked.caller);
}

/// Requires: the node's mutex.
int DiskDevice::open_data(DiskNode& node) {
    if (node.data.valid()) return 0;
    node.data = reopened(node, O_RDWR);
    if (!node.data.valid()) node.data = reopened(node, O_RDONLY);
    return node.data.valid() ? 0 : -errno;
}

int DiskDevice::open(DiskNode& node) {
    const std::scoped_lock lock(node.mutex);
    const int opened = open_data(node);
    if (opened == 0) ++node.opens;
    return opened;
}

void DiskDevice::release(DiskNode& node) {
    const std::scoped_lock lock(node.mutex);
    if (--node.opens == 0) node.data.close();
}

int DiskDevice::plain_descriptor(DiskNode& node) {
    const std::scoped_lock lock(node.mutex);
    const int opened = open_data(node);
    return opened == 0 ? node.data.get() : opened;
}

/// Requires: the node's mutex, and that its data is open. Null: nothing is tracked.
FileCache* DiskDevice::cache_of(DiskNode& node) {
    if (!tracking_) return nullptr;
    if (!node.cache) {
        struct stat status {};
        ::fstat(node.data.get(), &status);
        node.cache.emplace(static_cast<std::uint64_t>(status.st_size), memory);
    }
    return &*node.cache;
}

/// Requires: as cache_of. Keeps what a change of the range would overwrite.
int DiskDevice::save(DiskNode& node, std::uint64_t offset, std::uint64_t length) {
    FileCache* const cache = cache_of(node);
    if (cache == nullptr) return 0;
    for (const std::uint64_t page : cache->unsaved(offset, length)) {
        PageBytes bytes(disk_page);
        const ssize_t got = read_whole(node.data.get(), bytes, page * disk_page);
        if (got < 0) return static_cast<int>(got);
        cache->save(page, std::move(bytes));
    }
    return 0;
}

ssize_t DiskDevice::write(DiskNode& node,
                          std::uint64_t offset,
                          std::uint64_t length,
                          const DiskFate& fate,
                          const Copy& copy) {
    const std::scoped_lock lock(node.mutex);
    if (const int opened = open_data(node); opened != 0) return opened;
    std::uint64_t where = offset;
    if (fate.misdirected) {
        struct stat status {};
        ::fstat(node.data.get(), &status);
        Rng rng(fate.seed);
        const std::uint64_t pages = static_cast<std::uint64_t>(status.st_size) / disk_page + 1;
        where = rng.below(pages) * disk_page + offset % disk_page;
    }
    if (const int saved = save(node, where, length); saved != 0) return saved;
    const ssize_t written = copy(node.data.get(), where);
    if (written > 0) {
        if (FileCache* const cache = cache_of(node))
            cache->wrote(where, static_cast<std::uint64_t>(written), now());
    }
    if (where != offset) tell_later(node);
    return written;
}

ssize_t DiskDevice::write_torn(DiskNode& node,
                               std::uint64_t offset,
                               std::span<const std::byte> bytes,
                               const DiskFate& fate) {
    const std::scoped_lock lock(node.mutex);
    if (const int opened = open_data(node); opened != 0) return opened;
    if (const int saved = save(node, offset, bytes.size()); saved != 0) return saved;
    const std::uint64_t first = offset / disk_sector;
    const std::uint64_t last = (offset + bytes.size() - 1) / disk_sector;
    Rng rng(fate.seed);
    const std::vector<bool> reach = torn_sectors(fate.tear, last - first + 1, rng);
    for (std::uint64_t i = 0; i < reach.size(); ++i) {
        if (!reach[i]) continue;
        const std::uint64_t from = std::max(offset, (first + i) * disk_sector);
        const std::uint64_t to = std::min(offset + bytes.size(), (first + i + 1) * disk_sector);
        const ssize_t written =
            write_whole(node.data.get(), bytes.subspan(from - offset, to - from), from);
        if (written < 0) return written;
    }
    if (FileCache* const cache = cache_of(node)) cache->wrote(offset, bytes.size(), now());
    // The file is as long as it would have been: its length is not what is torn.
    struct stat status {};
    ::fstat(node.data.get(), &status);
    const auto end = static_cast<off_t>(offset + bytes.size());
    if (status.st_size < end) (void)!::ftruncate(node.data.get(), end);
    tell_later(node);
    return static_cast<ssize_t>(bytes.size());
}

ssize_t
DiskDevice::read(DiskNode& node, std::uint64_t offset, std::span<std::byte> bytes, DiskFate& fate) {
    const std::scoped_lock lock(node.mutex);
    if (const int opened = open_data(node); opened != 0) return opened;
    const ssize_t got = read_whole(node.data.get(), bytes, offset);
    if (got <= 0) return got;
    const auto length = static_cast<std::uint64_t>(got);
    if (fate.bit_flip) {
        Rng rng(fate.seed);
        const std::uint64_t bit = rng.below(length * 8);
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
    if (!fate.stale || !node.cache) return got;
    for (std::uint64_t at = offset; at < offset + length;) {
        const std::uint64_t page = at / disk_page;
        const std::uint64_t end = std::min(offset + length, (page + 1) * disk_page);
        if (const PageBytes* older = node.cache->older(page)) {
            PageBytes old = *older;
            old.resize(disk_page);
            std::memcpy(bytes.data() + (at - offset), old.data() + at % disk_page, end - at);
        }
        at = end;
    }
    return got;
}

int DiskDevice::resize(DiskNode& node, std::uint64_t size) {
    const std::scoped_lock lock(node.mutex);
    const bool was_open = node.data.valid();
    if (const int opened = open_data(node); opened != 0) return opened;
    int result = 0;
    if (FileCache* const cache = cache_of(node); cache != nullptr && size < cache->size())
        result = save(node, size, cache->size() - size);
    if (result == 0 && ::ftruncate(node.data.get(), static_cast<off_t>(size)) != 0) result = -errno;
    if (result == 0 && node.cache) node.cache->resized(size, now());
    if (!was_open && node.opens == 0) node.data.close();
    return result;
}

int DiskDevice::allocate(DiskNode& node, int mode, std::uint64_t offset, std::uint64_t length) {
    const std::scoped_lock lock(node.mutex);
    if (const int opened = open_data(node); opened != 0) return opened;
    const bool keeps_bytes = (mode & ~FALLOC_FL_KEEP_SIZE) == 0;
    const bool zeroes = (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0;
    if (!keeps_bytes && !zeroes) return -EOPNOTSUPP;
    if (zeroes) {
        if (const int saved = save(node, offset, length); saved != 0) return saved;
    }
    FileCache* const cache = cache_of(node);
    if (::fallocate(
            node.data.get(), mode, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0)
        return -errno;
    if (cache == nullptr) return 0;
    struct stat status {};
    ::fstat(node.data.get(), &status);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (zeroes && offset < size) cache->wrote(offset, std::min(length, size - offset), now());
    if (size > cache->size()) cache->resized(size, now());
    return 0;
}

int DiskDevice::sync(DiskNode& node, bool data_only, const DiskFate& fate) {
    if (fate.sync_lies) return 0;
    const bool directory = node.type == S_IFDIR;
    const std::scoped_lock lock(node.mutex);
    if (fate.sync_fails && fate.lost != Lost::never) {
        if (!node.cache) return -EIO;
        node.cache->sync_failed();
        if (fate.lost == Lost::now) {
            restore(node, node.cache->drop_lost());
            tell_later(node);
        }
        return -EIO;
    }
    Descriptor opened;
    if (directory || !node.data.valid()) opened = reopened(node, O_RDONLY);
    const int descriptor = opened.valid() ? opened.get() : node.data.get();
    const int failed = data_only ? ::fdatasync(descriptor) : ::fsync(descriptor);
    const int error = failed != 0 ? errno : 0;
    // Power that was cut meanwhile: it was too late.
    if (power_ != Power::on) return -EIO;
    if (error == 0 && node.cache) node.cache->synced(now());
    if (error != 0 && node.cache) node.cache->sync_failed();
    if (error == 0 && tracking_) {
        const std::scoped_lock names_lock(names_mutex_);
        names_.synced(directory ? node.id : 0, now());
    }
    return error != 0 ? -error : fate.sync_fails ? -EIO : 0;
}

void DiskDevice::restore(DiskNode& node, const Rollback& rollback) {
    if (rollback.nothing() || open_data(node) != 0) return;
    const PageBytes zeros(disk_page);
    for (const Rollback::Page& page : rollback.pages) {
        PageBytes bytes = page.bytes;
        bytes.resize(disk_page);
        for (std::uint64_t sector = 0; sector < disk_page / disk_sector; ++sector) {
            if ((page.sectors >> sector & 1U) == 0) continue;
            const std::uint64_t at = sector * disk_sector;
            write_whole(node.data.get(),
                        std::span(bytes).subspan(at, disk_sector),
                        page.number * disk_page + at);
        }
    }
    (void)!::ftruncate(node.data.get(), static_cast<off_t>(rollback.size));
    if (node.opens == 0) node.data.close();
}

void DiskDevice::tell_later(DiskNode& node) {
    const std::scoped_lock lock(stale_mutex_);
    stale_.insert(node.id);
}

} // namespace faultlab::node
