#pragma once

#include "core/cluster_view.hpp"
#include "core/nemesis.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What the faults of resources (cpu, memory, io, …) have in common.
namespace faultlab {

/// One number of a tool's report, which is a JSON object; 0 when it has none of this name.
[[nodiscard]] std::int64_t number_in(const std::string& report, const std::string& name);

/// "12,15": the replica's process groups, as arguments of tools.
[[nodiscard]] std::string groups_argument(FaultTarget& target, NodeId node);

/// A fault that puts the processes of some replicas into a control group with limits, which has the
/// name of the fault.
class Confinement : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override;
    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override;
    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override;
    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override;
    Result<void> inject(const Fault& fault, FaultTarget& target) const override;
    Result<void> heal(const Fault& fault, FaultTarget& target) const override;
    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override;

protected:
    struct Limits {
        std::vector<std::string> arguments; ///< of `faultlab-node confine`
        std::string verb;                   ///< for people, as in "n1 may use 5 % of a processor"
    };
    [[nodiscard]] virtual Result<Limits> limits(const FaultSpec& spec) const = 0;
    /// What a host must be able to do: "cgroup-cpu".
    [[nodiscard]] virtual std::string controller() const = 0;
    /// While it lasts: evidence from what `faultlab-node confined` says of a node.
    virtual void
    show(const std::string& report, NodeId node, std::vector<Evidence>& evidence) const = 0;

    /// The nodes that a stored fault has confined.
    [[nodiscard]] static std::vector<NodeId> confined_nodes(const Fault& fault);
};

} // namespace faultlab
