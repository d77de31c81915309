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

/// A fault that ends lives: what all of them have.
class LifeNemesis : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"process"}; }
    /// Which life of each replica it was.
    Result<void> remember(Fault& fault, FaultTarget& target) const override;
    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override;
    /// Starts those of the fault's nodes that do not run.
    Result<void> heal(const Fault& fault, FaultTarget& target) const override;
};

/// As resolve_processes. Pure.
Result<Fault> resolve_lives(const FaultSpec& spec, const ClusterView& view, std::string_view verb);

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

/// A fault of crashes.
class CrashNemesis : public LifeNemesis {
public:
    Result<void> inject(const Fault& fault, FaultTarget& target) const override;
    [[nodiscard]] std::optional<Nanos> turn_after(const Fault& fault,
                                                  std::int64_t turn) const override;
    Result<void>
    take_turn(const Fault& fault, std::int64_t turn, FaultTarget& target) const override;
    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override;
};

/// During: that a replica is in a later life, `least` starts after the one it was in, which shows
/// in another process group. After: whether it runs.
std::vector<Evidence>
probe_lives(const Fault& fault, FaultTarget& target, EvidencePhase phase, std::int64_t least);

} // namespace faultlab
