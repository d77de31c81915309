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

/// Registers, replicated by nothing but belief: one state that all nodes share, as if by a perfect
/// protocol. Nodes that are cut off or down take no part. The registers are those of the models
/// cas-register and versioned-register. Nothing decides but the seed and the calls.
class ToyRegister : public VirtualSystem {
public:
    struct Nature {
        ToyBug bug = ToyBug::none;
        bool versioned = false;
    };
    ToyRegister(VirtualTime& time, std::int32_t nodes, std::uint64_t seed, const Nature& nature);

    void invoke(NodeId node, const Invocation& op, Answer answer) override;
    NodeStatus status(NodeId node) override;
    [[nodiscard]] ClusterView view() override;

    Host& node_host(NodeId node) override;
    Host& client_host(NodeId client) override;
    /// Understands "cut" and "join", by host name.
    Result<std::vector<std::string>> apply_rules(const std::vector<HostRules>& rules) override;
    Result<void> signal_node(NodeId node, int signal) override;
    Result<void> kill_node(NodeId node) override;
    Result<void> start_node(NodeId node) override;
    Result<ProcessState> node_state(NodeId node) override;

private:
    struct Cell {
        Value value;
        std::int64_t version = 0;
    };
    struct Node {
        bool running = true;
        bool cut = false;
        std::map<Value, Cell> remembered; ///< what it knew when it was cut off
    };
    struct Written {
        Nanos t = 0;
        Value key;
        Cell before;
    };

    Completion apply(const Invocation& op);
    void write(const Value& key, const Value& value);
    [[nodiscard]] Value shown(const Cell& cell) const;
    [[nodiscard]] Node& node(NodeId node) { return nodes_[static_cast<std::size_t>(node)]; }
    [[nodiscard]] NodeId leader() const;

    VirtualTime& time_;
    Rng rng_;
    Nature nature_;
    std::vector<Node> nodes_;
    std::map<Value, Cell> state_;
    std::deque<Written> recent_;
};

/// "partition" and "kill" of a toy: one node, drawn from the seed of the spec.
const Nemesis* find_toy_nemesis(std::string_view name);

/// The register workload for so many seconds, with a fault of each named kind every five seconds.
Plan toy_plan(const Workload& workload,
              std::uint64_t seed,
              std::vector<std::string> nemeses,
              const Options& options = {});

} // namespace faultlab
