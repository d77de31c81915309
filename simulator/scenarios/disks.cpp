// Disks that lose power, rot, and lie.

#include "replica/core/superblock.hpp"
#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/few_witnesses.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

namespace faultlab::simulator {
namespace {

using replica::Superblock;
using replica::superblock_bytes;
using replica::superblock_copies;

// --- SC26: torn writes

/// Cuts the power of one replica, of several or of all in the middle of their writes, after some
/// commits, and starts them again.
class TornWrites : public Stage::Program {
public:
    explicit TornWrites(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 25));
        stage_->after_commits(commits, [this] { cut(); });
    }

private:
    void cut() {
        const std::uint64_t ticket = stage_->rng().below(4);
        const ReplicaId one = stage_->any_voter();
        if (ticket == 0) stage_->count("all_cut");
        for (ReplicaId id = 1; id <= stage_->voters(); ++id) {
            const bool others = ticket == 0 || (ticket == 1 && stage_->rng().chance(1, 2));
            if (id != one && !others) continue;
            const std::uint64_t before = stage_->world().disk(id).torn();
            stage_->power_cycle(id, 1, stage_->patience());
            const std::uint64_t torn = stage_->world().disk(id).torn() - before;
            stage_->count("power_cuts");
            stage_->count("torn_sectors", torn);
            if (torn > 0) stage_->count("torn_restarts");
        }
        wait();
    }

    Stage* stage_;
};

void with_slow_syncs(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::SyncMicros, 5'000);
}

constexpr std::array torn_proofs = {
    Proof{"power_cuts", 200, "machines lose their power"},
    Proof{"all_cut", 20, "all of them at once"},
    Proof{"torn_restarts", 50, "a replica starts on a disk whose last writes are torn"}};

// --- SC25: disks that lie

/// Reads that show another part of the disk, headers that are written elsewhere, and entries that
/// rot, all without an error, on the disks that may be bad.
class SilentDisks : public Stage::Program {
public:
    explicit SilentDisks(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 6));
        stage_->after_commits(commits, [this] { lie(); });
    }

private:
    void lie() {
        const ReplicaId id = stage_->nemesis().damage_any();
        switch (stage_->rng().below(4)) {
            case 0: rot(id); break;
            case 1: stage_->nemesis().make(Trouble::Misdirect); break;
            default: misread(id); break;
        }
        // Whoever must fetch an entry asks the disk that lies for it.
        if (stage_->rng().chance(1, 4)) {
            const ReplicaId other = stage_->any_voter();
            if (other != id) stage_->power_cycle(other, 1, 2 * stage_->patience());
        }
        wait();
    }

    void rot(ReplicaId id) {
        const std::uint64_t rotten = stage_->nemesis().rot(id, 3);
        if (rotten == 0) return;
        stage_->count("rotten", rotten);
        stage_->end(stage_->begin({.kind = "rot",
                                   .summary = fmt::format("n{}: {} slots rot", id, rotten),
                                   .targets = {id}}));
    }

    void misread(ReplicaId id) {
        if (!stage_->world().running(id)) return;
        Disk& disk = stage_->world().disk(id);
        const Limits& limits = stage_->world().limits();
        const FaultId fault =
            stage_->begin({.kind = "misread",
                           .summary = fmt::format("n{}: a read shows another slot", id),
                           .targets = {id},
                           .gauge_name = "misread",
                           .gauge = [&disk] { return disk.misread(); }});
        const std::uint64_t before = disk.misread();
        const Telemetry earlier = stage_->world().telemetry(id);
        misread_next(
            disk, limits, Zone::Prepares, stage_->rng().below(limits.slots) * limits.message_bytes);
        const Nanos enough = 3 * stage_->world().timeouts().scrub;
        stage_->later(enough, enough, [this, id, &disk, fault, before, earlier] {
            disk.misread_no_more();
            stage_->end(fault);
            stage_->count("misread", disk.misread() - before);
            const Telemetry later = stage_->world().telemetry(id);
            const bool same_life = later.incarnation == earlier.incarnation;
            if (same_life && later.scrub_found > earlier.scrub_found) stage_->count("noticed");
        });
    }

    Stage* stage_;
};

constexpr std::array silent_proofs = {
    Proof{"misread", 100, "a read shows what is elsewhere"},
    Proof{"rotten", 100, "entries rot"},
    Proof{"noticed", 20, "a replica notices that it read something else"}};

// --- SC29: a corrupt log at the start

/// Cuts the power of a replica whose disk may be bad, lets its log rot meanwhile, and as often as
/// not takes the primary away as soon as it starts again, so that its votes count. As often as not
/// it was one of as few as it takes to commit: then everybody else who has what they committed is
/// taken away, too.
class CorruptLog : public Stage::Program {
public:
    explicit CorruptLog(Stage& stage) : stage_(&stage), few_(stage) {
        stage.on(EventKind::Repaired, [this](ReplicaId id, const Event&) {
            if (id == victim_) stage_->count("repaired");
        });
        stage.on_sent([this](const Packet& packet) {
            if (packet.header.command != Command::DoViewChange || packet.from != victim_) return;
            if (stage_->world().telemetry(victim_).faulty_slots > 0)
                stage_->count("votes_with_bad_slots");
        });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(5, 25));
        stage_->after_commits(commits, [this] {
            victim_ = stage_->nemesis().damage_any();
            if (!stage_->world().running(victim_)) return wait();
            if (stage_->rng().chance(1, 2)) return cut();
            few_.leave_behind(victim_);
            const auto few = static_cast<Op>(stage_->rng().between(1, 4));
            stage_->after_commits(few, [this] { cut(); });
        });
    }

private:
    void cut() {
        World& world = stage_->world();
        if (!world.running(victim_)) {
            if (few_.begun()) few_.turn();
            return wait();
        }
        const FaultId fault = stage_->begin(
            {.kind = "power-cut",
             .summary = fmt::format("n{} loses its power, and its log rots meanwhile", victim_),
             .targets = {victim_}});
        world.power_cut(victim_);
        const auto most = static_cast<std::uint64_t>(stage_->rng().between(1, 12));
        stage_->count("rotten", stage_->nemesis().rot(victim_, most));
        stage_->later(1, 2 * stage_->patience(), [this, fault] {
            stage_->end(fault);
            stage_->reboot(victim_);
            stage_->count("restarts");
            const bool leads = stage_->world().primary() == victim_;
            if (few_.begun()) {
                few_.turn();
                stage_->count("witnesses_away");
            } else if (!leads && stage_->rng().chance(1, 2)) {
                stage_->unseat(2 * stage_->patience(), 5 * stage_->patience());
            }
            wait();
        });
    }

    Stage* stage_;
    ReplicaId victim_ = no_replica;
    FewWitnesses few_;
};

constexpr std::array corrupt_proofs = {
    Proof{"rotten", 200, "entries rot while their machine is off"},
    Proof{"restarts", 100, "it starts on them"},
    Proof{"witnesses_away", 20, "whoever else has what was committed is away then"},
    Proof{"repaired", 20, "it fetches what it has not"}};

// --- SC31: slow disks

/// Makes the disk of one replica slow for a while, of whoever leads as often as not: evenly, by
/// fits and starts, or so that a zone stands still.
class SlowDisks : public Stage::Program {
public:
    explicit SlowDisks(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(1, 15));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const auto primary = stage_->world().primary();
        id_ = primary && stage_->rng().chance(1, 2) ? *primary : stage_->any_voter();
        if (primary == id_) stage_->count("slow_primaries");
        const Nanos length = stage_->rng().between(stage_->patience(), 6 * stage_->patience());
        slow_ = true;
        FaultId fault = 0;
        switch (stage_->rng().below(3)) {
            case 0:
                stage_->count("even");
                fault = stage_->slow_disk(
                    id_, static_cast<std::uint32_t>(stage_->rng().between(5, 100)));
                break;
            case 1:
                fault = stage_->slow_disk(id_, 1);
                stutter();
                break;
            default: stage_->count("stalls"); fault = stall(stage_->world().now() + length);
        }
        stage_->later(length, length + 1, [this, fault] {
            slow_ = false;
            stage_->world().disk(id_).set_slowness(1);
            stage_->end(fault);
            wait();
        });
    }

    FaultId stall(Nanos until) {
        Disk& disk = stage_->world().disk(id_);
        const FaultId fault =
            stage_->begin({.kind = "stalled-zone",
                           .summary = fmt::format("no entry gets to the disk of n{}", id_),
                           .targets = {id_},
                           .gauge_name = "operations_stalled",
                           .gauge = [&disk] { return disk.stalled(); }});
        disk.stall(Zone::Prepares, until);
        return fault;
    }

    void stutter() {
        if (!slow_) return;
        stage_->count("fits_and_starts");
        const auto factor = static_cast<std::uint32_t>(stage_->rng().between(1, 100));
        stage_->world().disk(id_).set_slowness(factor);
        stage_->later(stage_->patience() / 20, stage_->patience() / 4, [this] { stutter(); });
    }

    Stage* stage_;
    ReplicaId id_ = no_replica;
    bool slow_ = false;
};

constexpr std::array slow_proofs = {Proof{"even", 30, "a disk is five to a hundred times slower"},
                                    Proof{"fits_and_starts", 300, "one is slow by fits and starts"},
                                    Proof{"stalls", 30, "one does not move for a while"},
                                    Proof{"slow_primaries", 50, "it is that of whoever leads"}};

// --- SC97: copies that are written elsewhere

/// Of a replica whose disk may be bad, the first two copies of the next superblock go where the
/// others belong, which are then written over them: two copies are of the superblock before, and
/// two of the newest. As soon as the replica acts on the newest, its power is cut, and it starts on
/// that disk. As often as not it votes for a new view then.
class MisdirectedSuperblocks : public Stage::Program {
public:
    explicit MisdirectedSuperblocks(Stage& stage) : stage_(&stage) {
        stage.on_sent([this](const Packet& packet) {
            if (!waits_ || packet.from != victim_ || !written()) return;
            if (std::exchange(done_, true)) return;
            stage_->count(fmt::format("after_{}", replica::name(packet.header.command)));
            stage_->at_step_end([this] { cut(); });
        });
    }

    void wait() {
        waits_ = false;
        const auto commits = static_cast<Op>(stage_->rng().between(1, 12));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        victim_ = stage_->nemesis().damage_any();
        if (!stage_->world().running(victim_)) return wait();
        // Another in between, and none of its superblocks would be there twice.
        if (!whole()) {
            stage_->later(0, stage_->patience() / 10, [this] { begin(); });
            return;
        }
        disk().misdirect_next(Zone::Superblock, superblock_copies / 2 * superblock_bytes);
        before_ = disk().misdirected();
        waits_ = true;
        done_ = false;
        ++round_;
        fault_ = stage_->begin(
            {.kind = "misdirect",
             .summary = fmt::format(
                 "n{}: half of a superblock is written to the other half's place", victim_),
             .targets = {victim_},
             .gauge_name = "misdirected",
             .gauge = [&disk = disk()] { return disk.misdirected(); }});
        // Else it is written at the next checkpoint.
        if (stage_->rng().chance(2, 3))
            stage_->unseat(2 * stage_->patience(), 5 * stage_->patience());
        const Nanos enough = 6 * stage_->patience();
        stage_->later(enough, enough, [this, round = round_] {
            if (round != round_ || done_ || !waits_) return;
            disk().heal();
            stage_->end(fault_);
            wait();
        });
    }

    void cut() {
        stage_->end(fault_);
        if (copy(0).sequence < copy(superblock_copies - 1).sequence)
            stage_->count("older_copies_first");
        stage_->power_cycle(victim_, 1, stage_->patience());
        wait();
    }

    [[nodiscard]] Disk& disk() { return stage_->world().disk(victim_); }

    [[nodiscard]] Superblock copy(std::size_t index) {
        Superblock superblock;
        const Bytes at = disk().content(Zone::Superblock).subspan(index * superblock_bytes);
        std::memcpy(&superblock, at.data(), sizeof superblock);
        return superblock;
    }

    /// Whether all copies are the same, and none is being written.
    [[nodiscard]] bool whole() {
        if (disk().volatile_writes(Zone::Superblock) > 0) return false;
        for (std::size_t index = 0; index < superblock_copies; ++index) {
            const Superblock one = copy(index);
            if (one.copy != index || one.checksum != copy(0).checksum) return false;
        }
        return true;
    }

    /// Whether the misdirected superblock is written, as far as the replica knows.
    [[nodiscard]] bool written() {
        return disk().misdirected() > before_ && disk().volatile_writes(Zone::Superblock) == 0;
    }

    Stage* stage_;
    ReplicaId victim_ = no_replica;
    bool waits_ = false;
    bool done_ = false;
    std::uint64_t before_ = 0; ///< writes that its disk had misdirected
    std::uint64_t round_ = 0;
    FaultId fault_ = 0;
};

constexpr std::array superblock_proofs = {
    Proof{"older_copies_first",
          150,
          "a replica starts on a disk whose first copies are of an older superblock"},
    Proof{"after_DoViewChange", 40, "it has voted by what the newest says"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC25",
             .name = "silent-disks",
             .summary = "on disks that may be bad, reads show another slot, headers land elsewhere "
                        "and entries rot, without an error",
             .prepare = only_its_own_faults,
             .play = play<SilentDisks>,
             .proofs = silent_proofs},
    Scenario{.id = "SC29",
             .name = "corrupt-log",
             .summary = "a log rots while its machine is off, and its replica votes as it starts",
             .prepare = only_its_own_faults,
             .play = play<CorruptLog>,
             .proofs = corrupt_proofs},
    Scenario{.id = "SC26",
             .name = "torn-writes",
             .summary = "power cuts in the middle of writes, of one machine, of some or of all",
             .prepare = with_slow_syncs,
             .play = play<TornWrites>,
             .proofs = torn_proofs},
    Scenario{.id = "SC31",
             .name = "slow-disks",
             .summary = "one disk is slow, stutters or stands still, that of the primary as often "
                        "as not",
             .prepare = only_its_own_faults,
             .play = play<SlowDisks>,
             .proofs = slow_proofs},
    Scenario{.id = "SC97",
             .name = "misdirected-superblocks",
             .summary = "half of a superblock's copies are written elsewhere, on disks that may be "
                        "bad, and its replica loses its power as soon as it acts on it",
             .prepare = only_its_own_faults,
             .play = play<MisdirectedSuperblocks>,
             .proofs = superblock_proofs}};

} // namespace

std::span<const Scenario> disk_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
