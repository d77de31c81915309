#pragma once

#include "core/result.hpp"
#include "replica/core/operations.hpp"

#include <filesystem>
#include <span>
#include <vector>

namespace faultlab::replica {

/// A request that was executed.
struct CommittedRequest {
    Op op = 0; ///< of the entry that holds it
    std::vector<std::byte> operation;
    OperationResult result;
};

/// What the replicas of a cluster have committed.
struct CommittedLog {
    /// In the order of execution, each once: a client that asked again is answered, not executed.
    /// Registrations are left out.
    std::vector<CommittedRequest> requests;
    Op newest = 0; ///< the last entry that a replica committed
};

/// From the input journals of all starts of all replicas: executes each again, puts together what
/// was written and committed, and executes that log on a state machine of its own, without planted
/// bugs. An error: the log is not whole from its first entry on, replicas committed different
/// entries in one place, a journal's second execution differs, or an entry changes the release or
/// the members. Takes memory for all entries.
[[nodiscard]] Result<CommittedLog> committed_log(std::span<const std::filesystem::path> journals);

} // namespace faultlab::replica
