#pragma once

#include "core/fault.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which faults a run has, and when: pure, the same seed gives the same schedule, byte for byte.
namespace faultlab {

struct ScheduleSpec {
    /// Names of the catalogue, each once; or with a detail after a colon: "kill:leader",
    /// "pause:n1+n2" (target specs), "partition:ring" (a shape), "partition:leader" (whom to
    /// isolate), "partition:n1|n2,n3" (exactly this cut); and with parameters of the fault after
    /// it: "delay:leader:delay=50ms:jitter=5ms".
    std::vector<std::string> nemeses;
    std::int32_t nodes = 3;
    Nanos duration = 30 * second;
    Nanos first_after = 3 * second;
    Nanos shortest_on = 2 * second;
    Nanos longest_on = 6 * second;
    Nanos shortest_off = 2 * second;
    Nanos longest_off = 6 * second;
    Nanos margin = 1 * second; ///< between the last heal and the end
    /// So many faults may be on at a time: as many rows of faults, one after the other in each.
    std::int32_t at_once = 1;
    /// Without it, faults that overlap hurt no more nodes together than a cluster can lose. One
    /// that is alone may hurt as many as it says.
    bool may_lose_quorum = false;
};

struct Schedule {
    std::vector<FaultSpec> faults;     ///< by t_start, numbered from 1
    std::vector<std::string> warnings; ///< kinds that do not fit into the duration, for people
};

/// The parameter of a fault that is the budget of a schedule: how many nodes may be hurt at a time
/// by this fault and others. The conductor keeps it, since who is hurt is not known before.
inline constexpr const char* budget_parameter = "most_hurt";

/// The kinds take turns, in an order drawn anew for each round. Every fault is healed before the
/// duration ends; where the shortest times allow two rounds there are at least two. Each fault has
/// a stream of its own, by the name of its kind and its number among them. An unknown name or
/// detail, and limits that contradict each other, are usage errors.
Result<Schedule> draw_schedule(const ScheduleSpec& spec, const Rng& rng);

/// Whether a fault can mean anything to a cluster of so many nodes. A target or parameter that
/// cannot is a usage error; one that waits for circumstances (a leader) is none.
Result<void> check_spec(const FaultSpec& spec, std::int32_t nodes);

/// The name in the catalogue: "kill" for "kill:leader".
[[nodiscard]] std::string_view fault_class(std::string_view nemesis);

} // namespace faultlab
