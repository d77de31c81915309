#pragma once

#include "core/fault.hpp"
#include "core/nemesis.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "nemesis/links.hpp"
#include "nemesis/packet_effects.hpp"

#include <map>
#include <string>
#include <vector>

/// A packet fault as it is stored, and put into effect on hosts.
namespace faultlab {

/// What inject and probe need, read from the stored fault. Pure.
struct PacketPlan {
    PacketEffects effects;
    Links links;
    std::map<std::string, std::string> addresses; ///< of every host of the links
    std::uint64_t seed = 0;
    std::string mechanism; ///< as asked for: "auto", "netem", "nfqueue"

    /// How much later an echo comes back over this pair because of the fault.
    [[nodiscard]] Nanos added_round_trip(const std::string& a, const std::string& b) const;
};
Result<PacketPlan> stored_plan(const Fault& fault);

/// All that heal needs. Pure.
struct PacketUndo {
    FaultId fault = 0;
    std::vector<std::string> receivers;
    std::vector<std::string> senders;
    std::string device;
    bool only_nfqueue = false; ///< netem was not allowed
};
[[nodiscard]] PacketUndo stored_undo(const Fault& fault);
[[nodiscard]] Params to_params(const PacketUndo& undo);

Result<void> shape_packets(const PacketPlan& plan, const PacketUndo& undo, FaultTarget& target);
/// Idempotent; goes on with the other hosts when one fails.
Result<void> unshape_packets(const PacketUndo& undo, FaultTarget& target);

} // namespace faultlab
