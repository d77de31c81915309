#pragma once

#include "controller/engine/cluster.hpp"
#include "core/clock.hpp"
#include "core/system.hpp"

#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

namespace faultlab {

/// Runs `task` for every node at the same time. The errors of all that failed, as one.
Result<void> on_every_node(std::int32_t nodes, const std::function<Result<void>(NodeId)>& task);

/// Sleeps, at most until a stop is requested. Returns whether there was none.
bool sleep_for(Nanos duration, const std::stop_token& stop);

/// Asks the replica whether it serves until it does, it has died, or the time is over.
Result<void> await_ready(Cluster& cluster,
                         const System& system,
                         const Deployment& deployment,
                         NodeId node,
                         const Clock& clock,
                         Nanos limit,
                         const std::stop_token& stop);

/// Looks at every replica every 100 ms, each from a thread of its own: what it says of itself, and
/// whether it is still alive. Ends with the object.
class Watch {
public:
    /// All of these outlive the watch.
    Watch(Cluster& cluster, const System& system, const Deployment& deployment, const Clock& clock);

private:
    std::vector<std::jthread> threads_;
};

} // namespace faultlab
