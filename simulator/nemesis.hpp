#pragma once

#include "core/rng.hpp"
#include "simulator/fault_log.hpp"
#include "simulator/world.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace faultlab::simulator {

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
/// The next read of entries of the log that are whole and durable shows what is at `offset`
/// instead: any other could be taken for a write that was never finished. Of other zones, any read.
void misread_next(Disk& disk, const Limits& limits, Zone zone, std::uint64_t offset);

/// Whether the snapshot that the superblock names is durable, and no other on its way: likewise.
[[nodiscard]] bool snapshot_settled(const Disk& disk);

/// The machine that is healed in the place of this one: itself, but for a planted mistake.
[[nodiscard]] ReplicaId to_heal(World& world, ReplicaId id);

/// So much of an entry rots.
constexpr std::uint64_t rotten_bytes = 40;

/// Which faults a schedule draws from, how often and for how long.
struct NemesisOptions {
    std::array<std::uint64_t, trouble_count> weights{}; ///< by Trouble; all 0: none ever
    Nanos gap_least = 1'000'000;                        ///< between two faults
    Nanos gap_most = 150'000'000;
    Nanos short_most = 100'000'000; ///< mostly shorter than the time-outs, now and then much longer
    Nanos long_most = 800'000'000;
    std::uint64_t long_percent = 25;

    /// A random subset of the kinds, each as likely as the others (swarm testing: Groce et al.
    /// 2012), so that rare combinations are not drowned by common ones.
    [[nodiscard]] static NemesisOptions draw(Rng& rng);
};

/// Lets random faults loose on a world, all of them inside the fault model of
/// docs/reference/replication.md: of n = 2f + 1 voters, at most f have bad disks, always the same.
/// Must outlive the world's events: keep it beside it.
class Nemesis {
public:
    /// What was done is written down in `log`, if any.
    Nemesis(World& world,
            std::uint8_t voters,
            Rng rng,
            const NemesisOptions& options,
            FaultLog* log = nullptr);
    /// With options that are drawn.
    Nemesis(World& world, std::uint8_t voters, Rng rng);

    /// From now on until `end`, of the world's time, or until it is stopped.
    void run_until(Nanos end);
    /// Does nothing any more; what is broken stays so.
    void stop();
    /// Stops, ends every fault, and starts whatever is down.
    void heal();
    /// One fault of this kind, now.
    void make(Trouble trouble);

    /// One of those that may have bad disks: its disk is from now on not to be trusted. Requires:
    /// there is one.
    ReplicaId damage_any();
    /// Likewise this one, and no others than it and those before it. False, and nothing is changed,
    /// when as many as may be have bad disks already.
    bool damage(ReplicaId id);
    /// Lets up to so many entries of the log rot on such a disk; returns how many. Only those that
    /// are whole and durable: any other could be taken for a write that was never finished.
    std::uint64_t rot(ReplicaId id, std::uint64_t most);
    /// Likewise the manifest of its snapshot, or the first chunk. False when there is none that is
    /// whole and durable.
    bool rot_snapshot(ReplicaId id);

    /// The kinds that this run draws from.
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] std::uint64_t troubles() const { return troubles_; }
    /// Whether its disk may have lost or changed what it had confirmed.
    [[nodiscard]] bool damaged(ReplicaId id) const { return damaged_.at(id); }

private:
    void next();
    void make_network(Trouble trouble);
    void partition();
    void replay_later();
    void make_disk(Trouble trouble);
    void make_storage(Trouble trouble);
    void crash(Trouble trouble, ReplicaId id);
    /// Then the fault is over, unless `still` says that its disk goes on with it.
    void
    restart_later(ReplicaId id, bool blank, FaultId fault, const std::function<bool()>& still = {});
    void reboot(ReplicaId id, std::optional<std::uint32_t> release = std::nullopt);
    bool rot_one(ReplicaId id);
    [[nodiscard]] ReplicaId any();
    [[nodiscard]] Nanos some_time();
    [[nodiscard]] Trouble draw_kind();
    /// Calls `what` after the delay, unless it was stopped by then.
    void later(Nanos delay, std::function<void()> what);
    FaultId log(FaultLog::Beginning beginning);
    /// The fault is over.
    void over(FaultId fault);

    World* world_;
    Rng rng_;
    NemesisOptions options_;
    FaultLog* log_;
    NetworkOptions calm_;
    std::vector<ReplicaId> faulty_; ///< may have bad disks
    std::array<bool, max_replica_id + 1> damaged_{};
    Nanos end_ = 0;
    std::uint64_t troubles_ = 0;
    std::uint64_t stopped_ = 0; ///< how often: what was planned before is void
};

} // namespace faultlab::simulator
