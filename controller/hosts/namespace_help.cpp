#include "controller/hosts/namespace_help.hpp"

#include "controller/hosts/descriptor.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <optional>

namespace faultlab {
namespace {

std::optional<long> setting(const std::string& path) {
    std::ifstream file(path);
    long value = 0;
    if (file >> value) return value;
    return std::nullopt;
}

} // namespace

bool may_make_namespaces() {
    std::ifstream file("/proc/self/status");
    const std::string label = "CapEff:\t";
    for (std::string line; std::getline(file, line);) {
        if (line.compare(0, label.size(), label) != 0) continue;
        std::uint64_t mask = 0;
        std::from_chars(line.data() + label.size(), line.data() + line.size(), mask, 16);
        const bool system = ((mask >> CAP_SYS_ADMIN) & 1U) != 0;
        const bool network = ((mask >> CAP_NET_ADMIN) & 1U) != 0;
        return system && network;
    }
    return ::geteuid() == 0;
}

std::string namespace_advice() {
    for (const char* kind : {"user", "pid", "mnt", "net", "uts"}) {
        if (setting(fmt::format("/proc/sys/user/max_{}_namespaces", kind)) == 0) {
            return fmt::format("sudo sysctl -w user.max_{}_namespaces=15000", kind);
        }
    }
    if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
    }
    if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
    }
    return "run it as root (sudo); in a container, start that with --privileged";
}

Error namespace_error(std::string_view what, int error) {
    return environment_error(
        fmt::format("this machine does not let faultlab {}: {}", what, errno_text(error)),
        namespace_advice());
}

} // namespace faultlab
