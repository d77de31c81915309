#include "nemesis/node/neighbours.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

/// What a link of /proc leads to, as a file of the kernel.
using File = std::pair<dev_t, ino_t>;

std::optional<File> file_at(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return File(status.st_dev, status.st_ino);
}

std::string name_of(const fs::path& process) {
    std::ifstream file(process / "comm");
    std::string name;
    std::getline(file, name);
    return name;
}

} // namespace

bool is_neighbour(pid_t pid) {
    const fs::path process = fs::path("/proc") / std::to_string(pid);
    const auto network = file_at(process / "ns" / "net");
    if (!network || network != file_at("/proc/self/ns/net")) return false;
    // One that has ended has no program any more.
    const auto program = file_at(process / "exe");
    return program && program != file_at("/proc/self/exe");
}

std::vector<Neighbour> neighbours() {
    std::vector<Neighbour> found;
    std::error_code code;
    for (fs::directory_iterator entry("/proc", code), end; !code && entry != end;
         entry.increment(code)) {
        const std::string number = entry->path().filename().string();
        pid_t pid = 0;
        const auto [rest, error] =
            std::from_chars(number.data(), number.data() + number.size(), pid);
        if (error != std::errc{} || rest != number.data() + number.size()) continue;
        if (is_neighbour(pid)) found.push_back({.pid = pid, .name = name_of(entry->path())});
    }
    return found;
}

std::string not_apart() {
    const auto here = file_at("/proc/self/ns/net");
    const auto first = file_at("/proc/1/ns/net");
    if (!here || !first) return "the network namespace of process 1 cannot be seen";
    if (here == first) {
        return "this host is no network namespace of its own: the replica's processes cannot be "
               "told from those of the machine; use local hosts";
    }
    return {};
}

} // namespace faultlab::node
