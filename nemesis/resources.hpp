#pragma once

#include "core/cluster_view.hpp"
#include "core/nemesis.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the faults of resources (cpu, memory, io, …) have in common: processes of replicas in a
/// control group with limits, named after the fault.
namespace faultlab {

/// The running nodes of the spec, with `limits` (arguments of `faultlab-node confine`) in the
/// parameters. `verb` makes the summary. Pure.
Result<Fault> resolve_confined(const FaultSpec& spec,
                               const ClusterView& view,
                               std::string_view verb,
                               std::vector<std::string> limits);

Result<void> inject_confined(const Fault& fault, FaultTarget& target);
/// Also when some of the hosts have no such group.
Result<void> heal_confined(const Fault& fault, FaultTarget& target);

/// Of one node: what `faultlab-node confined` says, as JSON.
using ConfinedEvidence = void (*)(const std::string& report,
                                  NodeId node,
                                  std::vector<Evidence>& to);

/// During: what `during` makes of each node's report. Before and after: how many processes are in
/// the group; none is the proof that it is gone.
std::vector<Evidence> probe_confined(const Fault& fault,
                                     FaultTarget& target,
                                     EvidencePhase phase,
                                     ConfinedEvidence during);

/// One number of a report; 0 when it has none of this name.
[[nodiscard]] std::int64_t number_in(const std::string& report, const std::string& name);

/// "12,15": the replica's process groups, as arguments of tools.
[[nodiscard]] std::string groups_argument(FaultTarget& target, NodeId node);

inline constexpr const char* confined_nodes = "nodes"; ///< in undo

} // namespace faultlab
