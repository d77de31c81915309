// What the file system of disk faults costs while no fault is on: the same writes to a directory
// and to a mount over one, in turn, on one file system.
//
//     bench_disk DIRECTORY [ROUNDS]          as root
//     unshare -rm bench_disk DIRECTORY       as an ordinary user
//
// Large: 512 MiB in writes of 1 MiB, then fsync. Small: 500 appends of 512 bytes, each synced with
// fdatasync. Written once as it is idle, and once more with all that is unsynced remembered.
#include "nemesis/node/disk_mount.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using faultlab::node::Descriptor;
using faultlab::node::DiskDevice;
using faultlab::node::DiskMount;

namespace {

constexpr std::size_t large_bytes = std::size_t{512} << 20U;
constexpr std::size_t large_write = std::size_t{1} << 20U;
constexpr int small_writes = 500;
constexpr std::size_t small_write = 512;

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

double seconds(const std::function<void()>& what) {
    const auto start = std::chrono::steady_clock::now();
    what();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Descriptor new_file(const fs::path& directory) {
    const fs::path path = directory / "bench";
    fs::remove(path);
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    require(file.valid(), "making a file");
    return file;
}

void write_large(const fs::path& directory) {
    const Descriptor file = new_file(directory);
    const std::string bytes(large_write, 'x');
    for (std::size_t at = 0; at < large_bytes; at += large_write)
        require(::write(file.get(), bytes.data(), bytes.size()) > 0, "writing");
    require(::fsync(file.get()) == 0, "syncing");
}

void write_small(const fs::path& directory) {
    const Descriptor file = new_file(directory);
    const std::string bytes(small_write, 'x');
    for (int i = 0; i < small_writes; ++i) {
        require(::write(file.get(), bytes.data(), bytes.size()) > 0, "writing");
        require(::fdatasync(file.get()) == 0, "syncing");
    }
}

/// A mount that nobody else sees.
struct Mounted {
    Mounted(const fs::path& directory, bool track)
        : device(opened(directory), directory.string() + ".removed"), mount(device, directory) {
        if (track) device.track();
    }
    static Descriptor opened(const fs::path& directory) {
        fs::create_directories(directory);
        return Descriptor(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    DiskDevice device;
    DiskMount mount;
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void compare(const char* what,
             const std::vector<fs::path>& places,
             int rounds,
             const std::function<void(const fs::path&)>& work,
             const std::function<std::string(double)>& words) {
    std::vector<std::vector<double>> times(places.size());
    for (int round = 0; round < rounds; ++round) {
        // Each is first, second and last in turn: disks get tired.
        for (std::size_t turn = 0; turn < places.size(); ++turn) {
            const std::size_t i = (turn + static_cast<std::size_t>(round)) % places.size();
            times[i].push_back(seconds([&] { work(places[i]); }));
        }
    }
    constexpr const char* names[] = {"bare directory", "idle mount", "mount that remembers"};
    for (std::size_t i = 0; i < places.size(); ++i) {
        std::vector<double> ratios;
        for (int round = 0; round < rounds; ++round)
            ratios.push_back(times[0][static_cast<std::size_t>(round)] /
                             times[i][static_cast<std::size_t>(round)]);
        fmt::print("{:<6} {:<22} {:<16} {:5.1f} % of bare (median of {} pairs)\n",
                   what,
                   names[i],
                   words(median(times[i])),
                   100 * median(ratios),
                   rounds);
    }
}

int measure(const fs::path& directory, int rounds) {
    require(::unshare(CLONE_NEWNS) == 0, "making a mount namespace");
    require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "making it private");
    const fs::path bare = directory / "bare";
    fs::create_directories(bare);
    const Mounted idle(directory / "idle", false);
    const Mounted remembering(directory / "remembering", true);
    const std::vector<fs::path> places = {bare, directory / "idle", directory / "remembering"};
    compare("large", places, rounds, write_large, [](double time) {
        return fmt::format("{:.0f} MB/s", static_cast<double>(large_bytes) / time / 1e6);
    });
    compare("small", places, rounds, write_small, [](double time) {
        return fmt::format("{:.0f} us a sync", time / small_writes * 1e6);
    });
    std::fflush(stdout);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: bench_disk DIRECTORY [ROUNDS]\n");
        return 64;
    }
    try {
        const int code = measure(fs::absolute(argv[1]), argc > 2 ? std::atoi(argv[2]) : 6);
        std::_Exit(code); // threads of the mounts wait for calls for ever
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        std::_Exit(70);
    }
}
