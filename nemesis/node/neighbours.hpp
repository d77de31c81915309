#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

/// The other processes of this host, where a host is a network namespace of its own.
namespace faultlab::node {

struct Neighbour {
    pid_t pid = 0;
    std::string name; ///< of its program, as the kernel shortens it
};

/// All that run now in the network namespace of the caller, whoever started them and in whatever
/// group they are; but for faultlab-node's own and those that have ended.
[[nodiscard]] std::vector<Neighbour> neighbours();

/// Whether this process is one of them.
[[nodiscard]] bool is_neighbour(pid_t pid);

/// Empty: this host is a network namespace of its own, so that its processes can be told from those
/// of the machine. Else why not.
[[nodiscard]] std::string not_apart();

} // namespace faultlab::node
