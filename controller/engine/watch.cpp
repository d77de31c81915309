#include "controller/engine/watch.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>

namespace faultlab {
namespace {

constexpr Nanos period = 100 * millisecond;
constexpr Nanos poll_limit = 500 * millisecond;
constexpr Nanos ready_limit = 2 * second;

void watch_node(const std::stop_token& stop,
                Cluster& cluster,
                Telemetry& telemetry,
                NodeId node,
                const Clock& clock) {
    Nanos next = clock.now();
    while (sleep_for(next - clock.now(), stop)) {
        const Result<NodeStatus> status = telemetry.poll(poll_limit);
        cluster.note_status(node, status ? &*status : nullptr);
        cluster.check_alive(node);
        next = std::max(next + period, clock.now());
    }
}

} // namespace

bool sleep_for(Nanos duration, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never_notified;
    std::unique_lock lock(mutex);
    never_notified.wait_for(lock, stop, std::chrono::nanoseconds(duration), [] { return false; });
    return !stop.stop_requested();
}

Result<void> on_every_node(std::int32_t nodes, const std::function<Result<void>(NodeId)>& task) {
    std::vector<std::optional<Error>> errors(static_cast<std::size_t>(nodes));
    {
        std::vector<std::jthread> threads;
        for (NodeId node = 0; node < nodes; ++node) {
            threads.emplace_back([&task, &error = errors[static_cast<std::size_t>(node)], node] {
                try {
                    if (const Result<void> done = task(node); !done) error = done.error();
                } catch (const std::exception& e) {
                    error = lab_error(e.what());
                }
            });
        }
    }
    std::optional<Error> all;
    for (const std::optional<Error>& error : errors) {
        if (!error) continue;
        if (!all) {
            all = error;
        } else if (all->message.find(error->message) == std::string::npos) {
            all->message += "; " + error->message;
        }
    }
    if (all) return *all;
    return {};
}

Result<void> await_ready(Cluster& cluster,
                         const System& system,
                         const Deployment& deployment,
                         NodeId node,
                         const Clock& clock,
                         Nanos limit,
                         const std::stop_token& stop) {
    const std::string& name = deployment.nodes[static_cast<std::size_t>(node)].name;
    const std::unique_ptr<Telemetry> telemetry = system.telemetry(deployment, node);
    const Nanos deadline = clock.now() + limit;
    std::string last = "it did not answer";
    while (clock.now() < deadline) {
        const Result<bool> ready = telemetry->ready(std::min(ready_limit, limit));
        if (ready && *ready) return {};
        last = ready ? "it answers but does not serve" : ready.error().message;
        FAULTLAB_TRY(const ProcessState state, cluster.node_state(node));
        if (state == ProcessState::gone) {
            return environment_error("the replica on " + name + " ended while it was starting",
                                     "its log is in nodes/" + name + "/logs of the run");
        }
        if (!sleep_for(period / 2, stop)) return lab_error("interrupted");
    }
    return environment_error("the replica on " + name + " was not ready after " +
                                 std::to_string(limit / second) + " s: " + last,
                             "its log is in nodes/" + name + "/logs of the run");
}

Watch::Watch(Cluster& cluster,
             const System& system,
             const Deployment& deployment,
             const Clock& clock) {
    for (NodeId node = 0; node < cluster.nodes(); ++node) {
        threads_.emplace_back([&, node](const std::stop_token& stop) {
            const std::unique_ptr<Telemetry> telemetry = system.telemetry(deployment, node);
            watch_node(stop, cluster, *telemetry, node, clock);
        });
    }
}

} // namespace faultlab
