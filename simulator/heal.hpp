#pragma once

#include "simulator/nemesis.hpp"
#include "simulator/world.hpp"

#include <string>
#include <vector>

namespace faultlab::simulator {

/// The replicas that must become well once they are healed, whatever the others do.
struct Core {
    std::vector<ReplicaId> members;
    std::string frozen;      ///< how the others are, for people
    std::string certificate; ///< why no liveness may be expected; empty: it must be shown

    std::vector<ReplicaId> down;     ///< of the others: these stay off
    std::vector<ReplicaId> paused;   ///< these never answer
    std::vector<ReplicaId> isolated; ///< these neither hear nor are heard
    std::vector<ReplicaId> deaf;     ///< these are heard
    std::vector<ReplicaId> mute;     ///< these hear
};

/// Draws a core that can change the view although it has none of the disks that were damaged; all
/// replicas where there is none. After more damage than the protocol survives the certificate says
/// so.
[[nodiscard]] Core choose_core(const World& world, const Nemesis& nemesis, Rng rng);
/// The same of all replicas.
[[nodiscard]] Core everybody(const World& world, const Nemesis& nemesis);

/// Ends all faults within the core and freezes the others, for good. `calm`: the network as it is
/// without faults.
/// Both hold themselves to it: an audit looks at what they healed.
void heal_core(World& world, const Core& core, const NetworkOptions& calm);
void heal_all(World& world, const NetworkOptions& calm);

} // namespace faultlab::simulator
