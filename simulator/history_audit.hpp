#pragma once

#include "core/history.hpp"
#include "simulator/world.hpp"

namespace faultlab::simulator {

/// Holds the history of a record against what happened at the boundary of the clients: the world's
/// count of invocations and returns, what each client asked for, and the bytes that went over the
/// wire and came back (audits history-complete, kinds and answers).
void audit_history(const World& world, const History& history, Audits& audits);

} // namespace faultlab::simulator
