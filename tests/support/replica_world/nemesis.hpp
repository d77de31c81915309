#pragma once

#include "core/rng.hpp"
#include "tests/support/replica_world/world.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultlab::replica::world {

/// Kinds of faults that random schedules draw from.
enum class Trouble : std::uint8_t {
    Crash,
    PowerCut,
    PowerCutAll,
    Pause,
    Partition,
    OneWayCut,
    Loss,
    Disorder, ///< duplicates and reorders
    Delay,
    Replay, ///< messages come once more, much later
    SlowDisk,
    StalledZone,
    WriteError,
    SyncError,
    FullDisk,
    ClockRate,
    WallJump,
    OtherRelease,
    // Storage faults: only on so many replicas as may be faulty at all.
    Rot,
    ReadError,
    Misdirect,
    LostDisk,
};
constexpr std::size_t trouble_count = 22;
[[nodiscard]] const char* name(Trouble trouble);

/// Whether both rings hold the same whole entry in the slot, durably: only then is a bad copy known
/// to be bad, and not taken for a write that was never finished.
[[nodiscard]] bool entry_settled(const Disk& disk, const Limits& limits, std::uint64_t slot);

/// Lets random faults loose on a world, all of them inside the fault model of
/// docs/reference/replication.md: of n = 2f + 1 voters, at most f have bad disks, always the same.
/// A run uses a random subset of the kinds (swarm testing: Groce et al. 2012), so that rare
/// combinations are not drowned by common ones. Must outlive the world's events: keep it beside it.
class Nemesis {
public:
    Nemesis(World& world, std::uint8_t voters, Rng rng);

    /// From now on until `end`, of the world's time.
    void run_until(Nanos end);
    /// Ends every fault, and starts whatever is down.
    void heal();

    /// The kinds that this run draws from.
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] std::uint64_t troubles() const { return troubles_; }

private:
    void next();
    void make(Trouble trouble);
    void make_network(Trouble trouble);
    void make_disk(Trouble trouble);
    void make_storage(Trouble trouble);
    void restart_later(ReplicaId id, bool blank);
    void reboot(ReplicaId id, std::optional<std::uint32_t> release = std::nullopt);
    void rot(ReplicaId id);
    [[nodiscard]] ReplicaId any();
    [[nodiscard]] ReplicaId any_faulty();
    [[nodiscard]] Nanos some_time();

    World* world_;
    Rng rng_;
    NetworkOptions calm_;
    std::vector<Trouble> kinds_;
    std::vector<ReplicaId> faulty_; ///< may have bad disks
    Nanos end_ = 0;
    std::uint64_t troubles_ = 0;
    std::uint64_t healed_ = 0; ///< restarts planned before a heal are void
};

} // namespace faultlab::replica::world
