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

/// What to ask the store for; nothing when it has no such operation.
[[nodiscard]] std::optional<Operation> operation_of(const Invocation& invocation);
/// The outcome of an operation of this kind that ended so.
[[nodiscard]] Completion completion_of(const std::string& f, Execution execution);
[[nodiscard]] std::vector<ErrorRule> error_table();

[[nodiscard]] NodeStatus status_of(const Telemetry& telemetry);
/// Nothing for what happens with every operation: gauges tell of that.
[[nodiscard]] std::optional<NodeEvent> event_of(const Event& event);

} // namespace faultlab::replica
