#pragma once

#include "tests/unit/hosts/hosts_support.hpp"

#include <unistd.h>

#include <set>
#include <sstream>

namespace faultlab::hosts_test {

/// Namespaces as the kernel names them: "net:[4026531840]".
using Namespaces = std::set<std::string>;

inline std::string status_field(const std::string& process_directory, std::size_t field) {
    const auto text = read_text(process_directory + "/stat");
    const auto end = text.rfind(") ");
    if (end == std::string::npos) return "";
    std::istringstream rest(text.substr(end + 2));
    std::string word;
    for (std::size_t i = 0; i <= field; ++i)
        rest >> word;
    return word;
}
inline std::string directory_of(pid_t pid) {
    return "/proc/" + std::to_string(pid);
}
inline std::string process_state(pid_t pid) {
    return status_field(directory_of(pid), 0);
}
inline pid_t parent_of(pid_t pid) {
    const auto text = status_field(directory_of(pid), 1);
    return text.empty() ? 0 : std::stoi(text);
}
/// When a process or thread started, in ticks since boot; 0 when it is gone.
inline long start_time(const std::string& process_directory) {
    const auto text = status_field(process_directory, 19);
    return text.empty() ? 0 : std::stol(text);
}
inline long start_time(pid_t pid) {
    return start_time(directory_of(pid));
}
/// Now, in the same ticks.
inline long ticks_now() {
    std::istringstream text(read_text("/proc/uptime"));
    double seconds = 0;
    text >> seconds;
    return static_cast<long>(seconds * static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

inline std::vector<pid_t> all_processes() {
    std::vector<pid_t> result;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.front() >= '1' && name.front() <= '9') result.push_back(std::stoi(name));
    }
    return result;
}

inline std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> result;
    for (const pid_t pid : all_processes()) {
        if (parent_of(pid) == parent) result.push_back(pid);
    }
    return result;
}

inline std::set<pid_t> descendants_of(pid_t ancestor) {
    std::set<pid_t> result;
    std::vector<pid_t> open = {ancestor};
    while (!open.empty()) {
        const pid_t next = open.back();
        open.pop_back();
        for (const pid_t child : children_of(next)) {
            if (result.insert(child).second) open.push_back(child);
        }
    }
    return result;
}

/// The namespaces of one process and of those of its threads that started before a moment.
inline Namespaces namespaces_of(pid_t pid, long started_before) {
    Namespaces result;
    std::error_code code;
    const auto tasks = directory_of(pid) + "/task";
    for (std::filesystem::directory_iterator task(tasks, code), end; !code && task != end;
         task.increment(code)) {
        if (start_time(task->path().string()) > started_before) continue;
        for (const char* kind : {"net", "mnt", "pid", "user", "uts"}) {
            std::error_code ignored;
            const auto link = std::filesystem::read_symlink(task->path() / "ns" / kind, ignored);
            if (!link.empty()) result.insert(link.string());
        }
    }
    return result;
}

inline std::set<std::string> lines_of(const std::string& text) {
    std::set<std::string> result;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        result.insert(line);
    return result;
}

/// What of a machine is in no namespace that could take it along: mounts of the caller's namespace,
/// cgroup directories, loop devices in use.
inline std::set<std::string> outer_state() {
    auto result = lines_of(read_text("/proc/self/mountinfo"));
    std::error_code code;
    namespace fs = std::filesystem;
    for (fs::recursive_directory_iterator
             entry("/sys/fs/cgroup", fs::directory_options::skip_permission_denied, code),
         end;
         !code && entry != end;
         entry.increment(code)) {
        std::error_code ignored;
        if (entry->is_directory(ignored)) result.insert("cgroup " + entry->path().string());
    }
    for (const auto& entry : fs::directory_iterator("/sys/block")) {
        const auto file = read_text(entry.path() / "loop/backing_file");
        if (!file.empty()) result.insert(entry.path().filename().string() + " " + file);
    }
    return result;
}

/// Those of the second set that are not in the first, one a line.
inline std::string added(const std::set<std::string>& before, const std::set<std::string>& after) {
    std::string result;
    for (const auto& entry : after) {
        if (!before.contains(entry)) result += entry + "\n";
    }
    return result;
}

} // namespace faultlab::hosts_test
