#pragma once

#include "core/op.hpp"
#include "core/system.hpp"
#include "replica/client/session.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/operations.hpp"
#include "replica/core/telemetry.hpp"

#include <optional>
#include <string>
#include <vector>

/// Between the lab's words and the store's, the same for clusters of processes and simulated ones:
/// pure. Replica i of the protocol runs on node i - 1.
namespace faultlab::replica {

/// What to ask the store for; nothing when it has no such operation, or not with such a key and
/// argument. A key of a namespace is the
/// list [namespace, key], with a namespace of at least 1; all keys of an operation are of one.
[[nodiscard]] std::optional<Operation> operation_of(const Invocation& invocation);
/// The outcome of an operation of this kind in this namespace that ended so.
[[nodiscard]] Completion
completion_of(const std::string& f, Execution execution, std::uint32_t space = 0);
/// What an operation of this kind gave back, with the keys that it names as the lab has them.
[[nodiscard]] Value in_space(Value result, OpCode code, std::uint32_t space);
[[nodiscard]] std::vector<ErrorRule> error_table();

[[nodiscard]] NodeStatus status_of(const Telemetry& telemetry);
/// Nothing for what happens with every operation: gauges tell of that.
[[nodiscard]] std::optional<NodeEvent> event_of(const Event& event);

} // namespace faultlab::replica
