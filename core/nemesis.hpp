#pragma once

#include "core/cluster_view.hpp"
#include "core/fault.hpp"
#include "core/host.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultlab {

/// What a nemesis can act on. Implemented by the engine over real hosts, by SimHost-based fakes in
/// tests and by toy systems under virtual time.
class FaultTarget {
public:
    virtual ~FaultTarget() = default;
    virtual Host& node_host(NodeId node) = 0;
    virtual Host& client_host(NodeId client) = 0;
    /// One rule text a host, applied to all hosts at once: prepared first, then released together.
    /// Returns what each printed. `hosts` are names ("n1", "c2").
    struct HostRules {
        std::string host;
        std::string text;
    };
    virtual Result<std::vector<std::string>> apply_rules(const std::vector<HostRules>& rules) = 0;

    /// Every process of the replica. Idempotent.
    virtual Result<void> signal_node(NodeId node, int signal) = 0;
    /// Waits until its processes are gone.
    virtual Result<void> kill_node(NodeId node) = 0;
    /// Asks the replica to end (SIGTERM) and waits for at most `limit`. Whether it is gone.
    virtual Result<bool> stop_node(NodeId node, Nanos limit) = 0;
    /// Starts the replica on the data it has, unless it runs.
    virtual Result<void> start_node(NodeId node) = 0;
    virtual Result<ProcessState> node_state(NodeId node) = 0;
    /// The process groups of the replica, as its host numbers them; empty when it does not run.
    virtual std::vector<ProcessGroup> node_groups(NodeId node) = 0;
    /// How often the replica was started.
    virtual std::int64_t node_starts(NodeId node) = 0;
};

/// One kind of fault. `draw` and `resolve` are pure.
class Nemesis {
public:
    virtual ~Nemesis() = default;

    /// What a host must be able to do: "netns", "nftables", "process", which every host can, or
    /// what `faultlab-node can` tests there ("fuse"). Empty: nothing.
    [[nodiscard]] virtual std::vector<std::string> needs() const = 0;

    /// The parameters that a user may give in `-f NAME:TARGET:PARAMETER=VALUE`.
    [[nodiscard]] virtual std::vector<OptionSpec> options() const { return {}; }

    /// Before replicas start for the first time: makes ready what this kind of fault needs on the
    /// host of a replica. Ends with the host. Several kinds may want the same: idempotent.
    virtual Result<void> prepare(Host& /*host*/) const { return {}; }

    /// Target and parameters of the next fault of this kind in a plan for so many nodes. What the
    /// user asked for is in `spec` already: the target, and every parameter of options(), as text,
    /// those that were not given with their fallback. A fallback that is empty is to be drawn.
    virtual void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const = 0;

    /// Concrete targets, parameters and undo. A spec that cannot be met now (no leader known) is
    /// an error that says so: the fault is then skipped and counted as not effective.
    [[nodiscard]] virtual Result<Fault> resolve(const FaultSpec& spec,
                                                const ClusterView& view) const = 0;

    /// Adds to a fault that was just resolved what is known of the cluster before the injection and
    /// that its probes or heal compare with. Called once, before the fault is stored.
    virtual Result<void> remember(Fault& /*fault*/, FaultTarget& /*target*/) const { return {}; }

    /// The same fault as a spec whose resolution does not depend on the view: for replay --exact.
    [[nodiscard]] virtual FaultSpec exact(const Fault& fault, const FaultSpec& spec) const = 0;

    virtual Result<void> inject(const Fault& fault, FaultTarget& target) const = 0;

    /// A fault that goes on acting while it lasts has turns 1, 2, …: how long after the turn before
    /// (of the first: after the injection) this one is due. Nothing: there are no more. It depends
    /// on the fault alone.
    [[nodiscard]] virtual std::optional<Nanos> turn_after(const Fault& /*fault*/,
                                                          std::int64_t /*turn*/) const {
        return std::nullopt;
    }
    /// Acts. A failure is recorded, and the next turn comes all the same.
    virtual Result<void>
    take_turn(const Fault& /*fault*/, std::int64_t /*turn*/, FaultTarget& /*target*/) const {
        return {};
    }

    /// Idempotent, from the fault alone.
    virtual Result<void> heal(const Fault& fault, FaultTarget& target) const = 0;
    /// Measures whether the fault takes effect (during), or is gone (after).
    virtual std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const = 0;
};

} // namespace faultlab
