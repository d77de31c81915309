#pragma once

#include "core/cluster_view.hpp"
#include "core/fault.hpp"
#include "core/nemesis.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What the faults of replica processes (kill, pause) have in common.
namespace faultlab {

/// A target for a plan, unless the spec has one: mostly one node or a minority, sometimes a
/// majority, the leader, a follower, any number, or all. Pure.
void draw_process_target(Rng& rng, std::int32_t nodes, FaultSpec& spec);

/// The nodes of the spec that run now; an error when none of them does. `verb` makes the summary,
/// "n1 n3 killed"; they are stored in `undo` under the name `undo_name`. Pure.
Result<Fault> resolve_processes(const FaultSpec& spec,
                                const ClusterView& view,
                                std::string_view verb,
                                const std::string& undo_name);

/// The spec with the nodes of the fault as a list, and with the seed that its parameters name, if
/// they do: of what is drawn while it lasts. Pure.
[[nodiscard]] FaultSpec exact_processes(const Fault& fault, const FaultSpec& spec);

/// The nodes stored under `undo_name`.
[[nodiscard]] std::vector<NodeId> stored_nodes(const Fault& fault, const std::string& undo_name);

/// Does it for each of them, also when it fails for one, as a heal must: one node that does not
/// answer must not keep the others hurt. Returns the first error.
Result<void> on_all(const std::vector<NodeId>& nodes,
                    const std::function<Result<void>(NodeId)>& act);

/// An error when the replica of one of them has ended already: the view that they were taken from
/// may be a moment old. `act` is for people: "the kill".
Result<void>
require_alive(const std::vector<NodeId>& nodes, FaultTarget& target, std::string_view act);

/// Asks the host until the node is in this state: a signal acts when each thread of the process
/// gets a processor, on a busy machine up to a tenth of a second later. It gives up after asking
/// twenty thousand times; the error then says what the processes do instead.
Result<void> await_node_state(FaultTarget& target, NodeId node, ProcessState wanted);

/// SIGCONT, and waits until it acted. A replica that is gone is no error.
Result<void> resume_node(FaultTarget& target, NodeId node);

/// The state of each of the nodes; `proves` decides by it.
std::vector<Evidence> probe_processes(const std::vector<NodeId>& nodes,
                                      FaultTarget& target,
                                      EvidencePhase phase,
                                      bool (*proves)(EvidencePhase, ProcessState));

} // namespace faultlab
