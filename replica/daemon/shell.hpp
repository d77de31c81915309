#pragma once

#include "core/result.hpp"
#include "replica/daemon/options.hpp"

#include <optional>
#include <string>

namespace faultlab::replica {

/// Runs one replica on real sockets, files and clocks until SIGTERM or SIGINT, or until it halts.
/// Returns the reason of the halt, nothing after a signal, or why it could not start. Blocks; uses
/// the calling thread for the protocol, and two more for the disk.
[[nodiscard]] Result<std::optional<std::string>> run_replica(const RunOptions& options);

} // namespace faultlab::replica
