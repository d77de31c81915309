// The pure half of the doctor: what is enough, and what mends it.

#include "controller/hosts/doctor.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace faultlab {
namespace {

using State = DoctorLine::State;

constexpr std::uint64_t mebibyte = 1ULL << 20U;
constexpr std::pair oldest_kernel{5, 11};
constexpr std::uint64_t enough_memory = 1024 * mebibyte;
constexpr std::uint64_t least_memory = 256 * mebibyte;
constexpr std::uint64_t enough_disk = 2048 * mebibyte;
constexpr std::uint64_t least_disk = 200 * mebibyte;
constexpr Nanos slow_sync = 20 * millisecond;
constexpr std::uint64_t enough_files = 1024;

std::string size_text(std::uint64_t bytes) {
    const auto mebibytes = bytes / mebibyte;
    constexpr std::uint64_t shown_in_mebibytes = 10 * 1024;
    if (mebibytes < shown_in_mebibytes) return fmt::format("{} MiB", mebibytes);
    return fmt::format("{} GiB", mebibytes / 1024);
}

std::pair<int, int> version_of(std::string_view release) {
    std::pair<int, int> version{0, 0};
    const char* end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, version.first);
    if (major.ptr != end && *major.ptr == '.') {
        std::from_chars(major.ptr + 1, end, version.second);
    }
    return version;
}

State judged(std::uint64_t found, std::uint64_t enough, std::uint64_t least) {
    if (found >= enough) return State::ok;
    return found >= least ? State::warn : State::fail;
}

} // namespace

DoctorLine judge_kernel(std::string_view release) {
    DoctorLine line{.name = "kernel", .found = fmt::format("Linux {}", release)};
    if (version_of(release) >= oldest_kernel) return line;
    line.state = State::fail;
    line.fix = fmt::format("use Linux {}.{} or newer: sudo apt-get install linux-image-amd64",
                           oldest_kernel.first,
                           oldest_kernel.second);
    return line;
}

DoctorLine judge_cores(int cores) {
    DoctorLine line{.name = "cores", .found = fmt::format("{}", cores)};
    if (cores >= 2) return line;
    line.state = State::warn;
    line.fix = "use a machine with 2 cores: replicas and clients disturb each other on one";
    return line;
}

DoctorLine judge_memory(std::uint64_t available_bytes) {
    DoctorLine line{.name = "memory",
                    .state = judged(available_bytes, enough_memory, least_memory),
                    .found = size_text(available_bytes) + " available"};
    if (line.state != State::ok) line.fix = "end other programs, or run with --nodes 3";
    return line;
}

DoctorLine judge_disk_space(std::uint64_t free_bytes, std::string_view directory) {
    DoctorLine line{.name = "disk space",
                    .state = judged(free_bytes, enough_disk, least_disk),
                    .found = fmt::format("{} free in {}", size_text(free_bytes), directory)};
    if (line.state != State::ok) {
        line.fix = fmt::format("remove what is not needed: du -xh {} | sort -h | tail", directory);
    }
    return line;
}

DoctorLine judge_sync_time(Nanos median, std::string_view directory) {
    const double milliseconds = static_cast<double>(median) / static_cast<double>(millisecond);
    DoctorLine line{.name = "disk sync",
                    .found =
                        fmt::format("{:.2f} ms for a synced write in {}", milliseconds, directory)};
    if (median <= slow_sync) return line;
    line.state = State::warn;
    line.fix = "keep the runs on a faster disk: replicas that wait for it lose their leaders";
    return line;
}

DoctorLine judge_open_files(std::uint64_t soft_limit, std::uint64_t hard_limit) {
    DoctorLine line{.name = "open files", .found = fmt::format("limit {}", soft_limit)};
    if (soft_limit >= enough_files) return line;
    line.state = State::warn;
    line.fix = hard_limit >= enough_files
                   ? fmt::format("ulimit -n {}", enough_files)
                   : fmt::format("sudo prlimit --pid $$ --nofile={0}:{0}", enough_files);
    return line;
}

} // namespace faultlab
