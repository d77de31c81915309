#pragma once

#include "controller/hosts/lab.hpp"
#include "core/clock.hpp"
#include "core/cluster_view.hpp"
#include "core/nemesis.hpp"
#include "core/store/run_writer.hpp"
#include "core/system.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace faultlab {

/// The hosts of a lab as a deployment of a system.
[[nodiscard]] Deployment make_deployment(Lab& lab, std::string run_id, Options options);

/// The cluster before anything runs: replicas, and client host i that talks to replica i.
[[nodiscard]] ClusterView initial_view(Lab& lab);

/// The replicas of a run: starts, stops and signals the processes that the system describes, knows
/// which of them should run and what they last said, and records each life of each. What the lab
/// does to a replica is recorded as such; a replica that ends by itself is an event "died".
/// Thread-safe; calls on one node wait for each other.
class Cluster : public FaultTarget {
public:
    /// All of these outlive the cluster.
    Cluster(Lab& lab,
            const System& system,
            const Deployment& deployment,
            RunWriter& writer,
            const Clock& clock);

    [[nodiscard]] std::int32_t nodes() const { return static_cast<std::int32_t>(replicas_.size()); }

    Host& node_host(NodeId node) override { return lab_.node(node); }
    Host& client_host(NodeId client) override { return lab_.client(client); }
    Result<std::vector<std::string>> apply_rules(const std::vector<HostRules>& rules) override {
        return lab_.apply_rules(rules);
    }
    Result<void> signal_node(NodeId node, int signal) override;
    Result<void> kill_node(NodeId node) override;
    Result<bool> stop_node(NodeId node, Nanos limit) override;
    Result<void> start_node(NodeId node) override;
    /// gone when any of its processes is, else stopped when any is.
    Result<ProcessState> node_state(NodeId node) override;
    std::vector<ProcessGroup> node_groups(NodeId node) override;
    std::int64_t node_starts(NodeId node) override;

    /// Kills the replica and removes its data.
    Result<void> wipe_node(NodeId node);
    /// Takes note of a replica that ended by itself. Call it now and then.
    void check_alive(NodeId node);
    /// Takes note of what a replica says: samples, events, and changes of who leads. Null: no
    /// answer.
    void note_status(NodeId node, const NodeStatus* status);

    /// From the last answers, which may be stale.
    [[nodiscard]] ClusterView view() const;
    /// Names of the nodes that say they lead.
    [[nodiscard]] std::string leaders() const;

private:
    struct Replica {
        std::mutex processes; ///< held while processes are started, signalled or looked at
        std::vector<ProcessGroup> groups;
        // Protected by state_mutex_:
        std::int32_t incarnation = -1;
        bool running = false;
        bool leads = false;
    };

    [[nodiscard]] Replica& replica(NodeId node);
    Result<ProcessState> state_of(NodeId node, const Replica& replica);
    /// Whether its processes are gone within the limit.
    Result<bool> gone_within(NodeId node, const Replica& replica, Nanos limit);
    /// After a kill: an error when they are not gone after ten seconds.
    Result<void> await_gone(NodeId node, const Replica& replica);
    void started(NodeId node);
    void ended(NodeId node, std::string_view kind, std::string_view by);

    Lab& lab_;
    const System& system_;
    const Deployment& deployment_;
    RunWriter& writer_;
    const Clock& clock_;
    mutable std::mutex state_mutex_;
    std::vector<std::unique_ptr<Replica>> replicas_; // by pointer: a mutex cannot move
};

} // namespace faultlab
