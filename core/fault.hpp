#pragma once

#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// A fault as planned: what and when, but not yet whom. Pure data, part of the plan.
struct FaultSpec {
    FaultId id = 0;
    std::string nemesis;    ///< name in the catalogue: "partition", "kill", "pause"
    Nanos t_start = 0;      ///< planned start
    Nanos duration = 0;     ///< planned time from injection to heal
    std::string target;     ///< a target spec (nemesis/targets.hpp): "one", "leader", "n1,n3", …
    Params params;          ///< further parameters of this nemesis
    std::uint64_t seed = 0; ///< for the choices left to injection time
    friend bool operator==(const FaultSpec&, const FaultSpec&) = default;
};

/// A fault with concrete targets, resolved against the cluster as it was at injection. This is what
/// is stored before injection, and all that heal may use.
struct Fault {
    FaultId id = 0;
    FaultId spec_id = 0;
    std::string nemesis;
    std::string summary;         ///< for people: "n1 cut off from n2 n3 (majority)"
    std::vector<NodeId> targets; ///< the nodes that are hurt
    Params params;               ///< all that inject needs, concrete: replay --exact uses it
    Params undo;                 ///< all that heal needs
    friend bool operator==(const Fault&, const Fault&) = default;
};

/// Where a fault is in its life. A fault is stored as `injecting` before anything is touched.
enum class FaultState : std::uint8_t { injecting, active, healing, healed, failed };
[[nodiscard]] std::string_view to_string(FaultState state);

/// When a piece of evidence was taken.
enum class EvidencePhase : std::uint8_t { before, during, after };
[[nodiscard]] std::string_view to_string(EvidencePhase phase);

/// One measurement that shows whether a fault took effect, or that it is gone.
struct Evidence {
    EvidencePhase phase = EvidencePhase::during;
    NodeId node = no_node;
    std::string name; ///< "packets_dropped", "process_state", "reachable"
    Value value;
    /// During: this shows that the fault took effect. After: this shows that it is gone.
    bool proves = false;
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

} // namespace faultlab
