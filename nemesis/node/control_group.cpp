#include "nemesis/node/control_group.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t period_us = 100'000;

/// Version 2 weighs from 1 to 10,000 where version 1 has shares from 2 to 262,144; the map is the
/// one that container runtimes use.
std::int64_t weight_of(std::int64_t shares) {
    return 1 + (std::clamp<std::int64_t>(shares, 2, 262'144) - 2) * 9'999 / 262'142;
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

bool has_part(std::string_view list, std::string_view part) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (list.substr(0, comma) == part) return true;
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
    }
    return false;
}

/// The path of this process in the hierarchy: lines are "4:memory:/a/b", version 2 "0::/a/b".
std::optional<std::string> path_in(std::string_view controller, std::string_view cgroups) {
    std::istringstream in{std::string(cgroups)};
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string_view controllers =
            std::string_view(line).substr(first + 1, second - first - 1);
        const bool here =
            controller.empty() ? controllers.empty() : has_part(controllers, controller);
        if (here) return line.substr(second + 1);
    }
    return std::nullopt;
}

/// One line of mountinfo: what of the file system is where.
struct Mount {
    std::string root;
    fs::path point;
};

/// The first mount of this type whose super options have the controller, or of any.
std::optional<Mount>
find_mount(std::string_view type, std::string_view controller, std::string_view mountinfo) {
    std::istringstream in{std::string(mountinfo)};
    for (std::string line; std::getline(in, line);) {
        const std::vector<std::string> words = words_of(line);
        const auto dash = std::find(words.begin(), words.end(), "-");
        if (words.size() < 5 || words.end() - dash < 4 || *(dash + 1) != type) continue;
        if (!controller.empty() && !has_part(*(dash + 3), controller)) continue;
        return Mount{.root = words[3], .point = words[4]};
    }
    return std::nullopt;
}

fs::path place_of(const Mount& mount, const std::string& path) {
    // Inside a namespace the mount may show only a part of the hierarchy.
    const std::string_view root = mount.root == "/" ? std::string_view() : mount.root;
    const std::string_view below =
        path.starts_with(root) ? std::string_view(path).substr(root.size()) : std::string_view();
    return below.size() > 1 ? mount.point / below.substr(1) : mount.point;
}

std::string text_of_file(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

} // namespace

std::vector<GroupSetting> group_settings(const GroupLimits& limits, GroupVersion version) {
    const bool v1 = version == GroupVersion::v1;
    std::vector<GroupSetting> all;
    if (limits.cpu_share) {
        const std::int64_t quota = std::max<std::int64_t>(*limits.cpu_share / 10, 1'000);
        if (v1) {
            all.push_back({"cpu", "cpu.cfs_period_us", std::to_string(period_us)});
            all.push_back({"cpu", "cpu.cfs_quota_us", std::to_string(quota)});
        } else {
            all.push_back({"cpu", "cpu.max", fmt::format("{} {}", quota, period_us)});
        }
    }
    if (limits.cpu_weight) {
        all.push_back(
            v1 ? GroupSetting{"cpu", "cpu.shares", std::to_string(*limits.cpu_weight)}
               : GroupSetting{"cpu", "cpu.weight", std::to_string(weight_of(*limits.cpu_weight))});
    }
    if (limits.memory) {
        all.push_back({"memory",
                       v1 ? "memory.limit_in_bytes" : "memory.max",
                       std::to_string(*limits.memory)});
    }
    if (limits.tasks) all.push_back({"pids", "pids.max", std::to_string(*limits.tasks)});
    if (limits.io_rate && v1) {
        const std::string value = fmt::format("{} {}", limits.io_device, *limits.io_rate);
        all.push_back({"blkio", "blkio.throttle.read_bps_device", value});
        all.push_back({"blkio", "blkio.throttle.write_bps_device", value});
    } else if (limits.io_rate) {
        all.push_back(
            {"io",
             "io.max",
             fmt::format(
                 "{} rbps={} wbps={}", limits.io_device, *limits.io_rate, *limits.io_rate)});
    }
    return all;
}

std::optional<GroupPlace> find_group_place(std::string_view controller,
                                           std::string_view mountinfo,
                                           std::string_view cgroups) {
    const auto path = path_in(controller, cgroups);
    const auto mount = find_mount("cgroup", controller, mountinfo);
    if (path && mount) {
        const fs::path home = place_of(*mount, *path);
        return GroupPlace{
            .version = GroupVersion::v1, .directory = home, .home = home, .root = mount->point};
    }
    const auto unified = find_mount("cgroup2", "", mountinfo);
    const auto unified_path = path_in("", cgroups);
    if (!unified || !unified_path) return std::nullopt;
    return GroupPlace{.version = GroupVersion::v2,
                      .directory = unified->point,
                      .home = place_of(*unified, *unified_path),
                      .root = unified->point};
}

std::optional<GroupPlace> group_place(std::string_view controller) {
    return find_group_place(
        controller, text_of_file("/proc/self/mountinfo"), text_of_file("/proc/self/cgroup"));
}

std::vector<pid_t> processes_of(const std::vector<pid_t>& groups) {
    std::vector<pid_t> found;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator("/proc", code)) {
        const std::string name = entry.path().filename();
        if (name.front() < '1' || name.front() > '9') continue;
        const auto pid = static_cast<pid_t>(std::stol(name));
        if (std::ranges::find(groups, ::getpgid(pid)) != groups.end()) found.push_back(pid);
    }
    std::ranges::sort(found);
    return found;
}

std::string group_name(const std::string& fault) {
    std::error_code code;
    std::string space = fs::read_symlink("/proc/self/ns/net", code).string(); // "net:[4026531840]"
    std::erase_if(space, [](char c) { return c < '0' || c > '9'; });
    return fmt::format("faultlab-{}-{}", space, fault);
}

} // namespace faultlab::node
