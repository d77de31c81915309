#pragma once

#include "core/cluster_view.hpp"
#include "core/fault.hpp"
#include "core/nemesis.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

/// What the faults have in common that end replicas and start them again while they last (restart,
/// rolling-restart, crash-loop, crash-at-start).
namespace faultlab {

/// As resolve_processes. Pure.
Result<Fault> resolve_lives(const FaultSpec& spec, const ClusterView& view, std::string_view verb);
/// Nemesis::remember: which life of each replica it was.
void remember_lives(Fault& fault, FaultTarget& target);

/// How a life ends.
struct Ending {
    bool asked = false; ///< by SIGTERM, and killed if it is not gone within the limit
    Nanos limit = 0;
};
/// The parameters `signal` and `limit` that give it.
[[nodiscard]] std::vector<OptionSpec> ending_options(std::string_view signal);
Result<Ending> ending_parameter(const Params& params);
/// Stores it in a fault, and finds it there.
void store_ending(const Ending& ending, Fault& fault);
[[nodiscard]] Ending stored_ending(const Fault& fault);

/// Ends the replicas, waits until they are gone, and starts them again at once.
Result<void>
begin_next_life(const std::vector<NodeId>& nodes, const Ending& ending, FaultTarget& target);

/// Crashes: the nodes of the fault are killed and started again at its injection, and then again
/// and again, so long after each start. Pure.
struct Crashes {
    Nanos after = 0;
    std::int64_t jitter = 0; ///< millionths of `after` that it may be shorter or longer
    std::int64_t times = 0;  ///< how often after the first; 0: without an end
    std::uint64_t seed = 0;  ///< of the jitter
};
void store_crashes(const Crashes& crashes, Fault& fault);
/// Nemesis::turn_after of such a fault.
[[nodiscard]] std::optional<Nanos> next_crash(const Fault& fault, std::int64_t turn);

/// Starts those of the fault's nodes that do not run. One that does not start must not keep the
/// others down: the first error is returned after all were tried.
Result<void> start_again(const Fault& fault, FaultTarget& target);

/// During: that a replica is in a later life, `least` starts after the one it was in, which shows
/// in another process group. After: whether it runs.
std::vector<Evidence>
probe_lives(const Fault& fault, FaultTarget& target, EvidencePhase phase, std::int64_t least);

} // namespace faultlab
