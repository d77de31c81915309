#pragma once

#include "controller/engine/virtual_executor.hpp"
#include "controller/engine/virtual_time.hpp"
#include "core/nemesis.hpp"
#include "core/rng.hpp"
#include "core/workload.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace faultlab {

/// What is wrong with a toy.
enum class ToyBug {
    none,
    stale_reads, ///< a node that is cut off answers reads from what it knew before
    lost_writes, ///< a kill loses what any node acknowledged in the half second before it
};

/// Nodes and the network of a toy: a client's operation takes some milliseconds to its node and
/// back. Nodes that are cut off or down take no part. Nothing decides but the seed and the calls.
class ToyCluster : public VirtualSystem {
public:
    ToyCluster(VirtualTime& time, std::int32_t nodes, std::uint64_t seed);

    void invoke(NodeId node, const Invocation& op, Answer answer) override;
    NodeStatus status(NodeId node) override;
    [[nodiscard]] ClusterView view() override;

    Host& node_host(NodeId node) override;
    Host& client_host(NodeId client) override;
    /// Understands "cut" and "join", by host name.
    Result<std::vector<std::string>> apply_rules(const std::vector<HostRules>& rules) override;
    Result<void> signal_node(NodeId node, int signal) override;
    Result<void> kill_node(NodeId node) override;
    Result<bool> stop_node(NodeId node, Nanos limit) override;
    Result<void> start_node(NodeId node) override;
    Result<ProcessState> node_state(NodeId node) override;
    std::vector<ProcessGroup> node_groups(NodeId) override { return {}; }
    std::int64_t node_starts(NodeId) override { return 0; }

protected:
    /// An operation has reached a node that runs. Not to call `answer` is to leave it waiting.
    virtual void serve(NodeId node, bool cut, const Invocation& op, const Answer& answer) = 0;
    virtual void on_cut(NodeId) {}
    virtual void on_kill() {}

    [[nodiscard]] VirtualTime& time() { return time_; }
    [[nodiscard]] Rng& rng() { return rng_; }

private:
    struct Node {
        bool running = true;
        bool cut = false;
    };
    [[nodiscard]] Node& node(NodeId node) { return nodes_[static_cast<std::size_t>(node)]; }
    [[nodiscard]] NodeId leader() const;

    VirtualTime& time_;
    Rng rng_;
    std::vector<Node> nodes_;
};

/// Registers, replicated by nothing but belief: one state that all nodes share, as if by a perfect
/// protocol. The registers are those of the models cas-register and versioned-register.
class ToyRegister : public ToyCluster {
public:
    struct Nature {
        ToyBug bug = ToyBug::none;
        bool versioned = false;
    };
    ToyRegister(VirtualTime& time, std::int32_t nodes, std::uint64_t seed, const Nature& nature);

private:
    struct Cell {
        Value value;
        std::int64_t version = 0;
    };
    using Cells = std::map<Value, Cell>;
    struct Written {
        Nanos t = 0;
        Value key;
        Cell before;
    };

    void serve(NodeId node, bool cut, const Invocation& op, const Answer& answer) override;
    void on_cut(NodeId node) override { remembered_[node] = state_; }
    void on_kill() override;

    Completion apply(const Invocation& op);
    void write(const Value& key, const Value& value);
    [[nodiscard]] Value shown(const Cell& cell) const;

    Nature nature_;
    std::map<NodeId, Cells> remembered_; ///< what a node knew when it was cut off
    Cells state_;
    std::deque<Written> recent_;
};

/// "partition" and "kill" of a toy: one node, drawn from the seed of the spec.
const Nemesis* find_toy_nemesis(std::string_view name);

/// The workload (register, else say so in the plan) for so many seconds, with a fault of each named
/// kind every five seconds.
Plan toy_plan(const Workload& workload,
              std::uint64_t seed,
              std::vector<std::string> nemeses,
              const Options& options = {});

} // namespace faultlab
