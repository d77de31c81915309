#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Control groups of the kernel, versions 1 and 2: limits for some processes of a host, who come
/// from a group and go back there. (Documentation/admin-guide/cgroup-v1 and cgroup-v2 of Linux.)
namespace faultlab::node {

/// What processes may have. Nothing: as before.
struct GroupLimits {
    std::optional<std::int64_t> cpu_share;  ///< millionths of one processor; may be above a million
    std::optional<std::int64_t> cpu_weight; ///< in shares of version 1: 1024 is usual, 2 to 262144
    std::optional<std::int64_t> memory;     ///< bytes, with what the kernel caches of their files
    std::optional<std::int64_t> tasks;      ///< processes and threads
    std::optional<std::int64_t> io_rate;    ///< bytes a second, read and written each
    std::string io_device;                  ///< "8:0", with io_rate
};

enum class GroupVersion : std::uint8_t { v1, v2 };

/// One line for one file of a group. Pure.
struct GroupSetting {
    std::string controller; ///< "cpu", "memory", "pids", "blkio" (version 2: "io")
    std::string file;       ///< "cpu.max"
    std::string value;
    friend bool operator==(const GroupSetting&, const GroupSetting&) = default;
};
[[nodiscard]] std::vector<GroupSetting> group_settings(const GroupLimits& limits, GroupVersion v);

/// Where groups of a controller are made, and the one that this process is in, which its processes
/// come from. In version 2 a group that has processes can have no groups with controllers below it,
/// but for the root. From the texts of /proc/self/mountinfo and /proc/self/cgroup. Nothing: the
/// controller is not mounted. Pure.
struct GroupPlace {
    GroupVersion version = GroupVersion::v1;
    std::filesystem::path directory;
    std::filesystem::path home;
    std::filesystem::path root; ///< of the hierarchy, where it is mounted
    friend bool operator==(const GroupPlace&, const GroupPlace&) = default;
};
[[nodiscard]] std::optional<GroupPlace>
find_group_place(std::string_view controller, std::string_view mountinfo, std::string_view cgroups);
/// The same for this process now.
[[nodiscard]] std::optional<GroupPlace> group_place(std::string_view controller);

/// The processes of these process groups, by /proc.
[[nodiscard]] std::vector<pid_t> processes_of(const std::vector<pid_t>& groups);

/// The directory's name of a fault's group: it names the host too (its network namespace), since
/// all hosts of a machine share the hierarchy. Begins with "faultlab-".
[[nodiscard]] std::string group_name(const std::string& fault);

} // namespace faultlab::node
