#include "nemesis/node/abilities.hpp"

#include "nemesis/node/control_group.hpp"
#include "nemesis/node/disk_mount.hpp"
#include "nemesis/node/packet_abilities.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <system_error>

namespace faultlab::node {
namespace {

/// Whether a group can be made where this controller's are.
std::string missing_group(std::string_view controller) {
    const auto place = group_place(controller);
    if (!place) return fmt::format("no control groups of {} are mounted on this host", controller);
    const auto trial = place->directory / group_name("trial");
    std::error_code code;
    std::filesystem::create_directory(trial, code);
    if (code) {
        return fmt::format("cannot make the control group {}: {}; run the lab as root",
                           trial.string(),
                           code.message());
    }
    std::filesystem::remove(trial, code);
    return {};
}

std::string missing_cpu() {
    return missing_group("cpu");
}
std::string missing_memory() {
    return missing_group("memory");
}
std::string missing_pids() {
    return missing_group("pids");
}
std::string missing_io() {
    return missing_group("blkio");
}

constexpr std::array<Ability, 10> catalogue = {{
    {"cgroup-cpu", "limits processors by control groups", missing_cpu},
    {"cgroup-io", "limits disks by control groups", missing_io},
    {"cgroup-memory", "limits memory by control groups", missing_memory},
    {"cgroup-pids", "limits processes and threads by control groups", missing_pids},
    {"fuse", "mounts a file system of its own", why_no_fuse},
    {"netem", "queues of the kernel that do so", missing_netem},
    {"nfqueue", "hands packets to a program that does so", missing_nfqueue},
    {"packet-faults",
     "delays, drops and changes packets, by either of the two above",
     missing_packet_faults},
    {"socket-destroy", "closes connections of others", missing_socket_destroy},
    {"vdso", "gives running processes other clocks", missing_vdso},
}};

} // namespace

std::span<const Ability> abilities() {
    return catalogue;
}

} // namespace faultlab::node
