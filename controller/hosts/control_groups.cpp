#include "controller/hosts/control_groups.hpp"

#include "nemesis/node/control_group.hpp"

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <thread>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

std::set<fs::path> groups_below(const fs::path& root) {
    std::set<fs::path> groups;
    std::error_code code;
    for (fs::recursive_directory_iterator
             entry(root, fs::directory_options::skip_permission_denied, code),
         end;
         !code && entry != end;
         entry.increment(code)) {
        std::error_code ignored;
        const std::string name = entry->path().filename();
        if (name.starts_with("faultlab-") && entry->is_directory(ignored))
            groups.insert(entry->path());
    }
    return groups;
}

/// False when it still has processes, or the kernel works on its last ones.
bool is_gone(const fs::path& group) {
    std::error_code code;
    fs::remove(group, code); // rmdir: the files in it are the kernel's
    return code != std::errc::device_or_resource_busy;
}

} // namespace

void remove_left_control_groups(Nanos patience) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience);
    std::set<fs::path> groups;
    for (const char* controller : {"cpu", "memory", "pids", "blkio"}) {
        if (const auto place = node::group_place(controller))
            groups.merge(groups_below(place->root));
    }
    for (const fs::path& group : groups) {
        while (!is_gone(group) && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

} // namespace faultlab
