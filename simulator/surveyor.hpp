#pragma once

#include "simulator/world.hpp"

#include <span>

namespace faultlab::simulator {

/// Shows a world to those rules that look at all of it at one moment, and knows when it is
/// undisturbed. Owned by one thread; the world outlives it.
class Surveyor {
public:
    /// `options` are those that the world was made of.
    Surveyor(World& world, const WorldOptions& options);

    /// From now on, as soon as its disks and links have done what they were late with, nothing
    /// disturbs these replicas, and clients reach them.
    void calm(std::span<const ReplicaId> core);
    /// Something may disturb them.
    void disturbed() { survey_.calm_since = -1; }

    /// Between steps.
    void look();

private:
    [[nodiscard]] Survey::Replica replica(ReplicaId id, const Membership* membership) const;
    [[nodiscard]] std::int64_t rotten(ReplicaId id, const Telemetry& telemetry) const;

    World* world_;
    Setup setup_;
    Survey survey_;
};

/// What was promised of a world without faults.
[[nodiscard]] Setup setup_of(const WorldOptions& options);

} // namespace faultlab::simulator
