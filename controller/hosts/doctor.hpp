#pragma once

#include "core/types.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// One thing that the lab needs of this machine, and what was found.
struct DoctorLine {
    enum class State : std::uint8_t {
        ok,
        warn, ///< runs, but not all of it or not well
        fail, ///< no run on local hosts is possible
    };
    std::string name; ///< "nftables"
    State state = State::ok;
    std::string found; ///< "rules applied and listed", or what went wrong
    std::string fix;   ///< the command that mends it; empty when ok
    friend bool operator==(const DoctorLine&, const DoctorLine&) = default;
};

/// Looks at this machine by trying what the lab does, in scratch namespaces of a forked child that
/// leaves nothing behind. `lab_directory` is where runs are kept; it need not exist yet, the disk
/// below it is measured with a file of a few KiB that is removed.
/// Requires: a process with one thread (see supervise).
std::vector<DoctorLine> examine_machine(const std::filesystem::path& lab_directory);

// How single findings are judged: pure.

/// "6.1.0-18-amd64": the lab closes descriptors with close_range(CLOEXEC), of Linux 5.11.
[[nodiscard]] DoctorLine judge_kernel(std::string_view release);
[[nodiscard]] DoctorLine judge_cores(int cores);
[[nodiscard]] DoctorLine judge_memory(std::uint64_t available_bytes);
[[nodiscard]] DoctorLine judge_disk_space(std::uint64_t free_bytes, std::string_view directory);
/// Median time of a small write with fdatasync.
[[nodiscard]] DoctorLine judge_sync_time(Nanos median, std::string_view directory);
[[nodiscard]] DoctorLine judge_open_files(std::uint64_t soft_limit, std::uint64_t hard_limit);

} // namespace faultlab
