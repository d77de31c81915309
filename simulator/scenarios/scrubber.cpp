// What nobody reads, and the scrubber that reads it all the same.

#include "replica/core/layout.hpp"
#include "simulator/scenarios/families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace faultlab::simulator {
namespace {

/// What the scrubber promises, in ticks of its timer.
class Promise {
public:
    explicit Promise(const World& world)
        : limits_(&world.limits()), tick_(world.timeouts().scrub) {}

    [[nodiscard]] Nanos tick() const { return tick_; }
    /// Reads that one tick asks for: entries, a page of the ring of headers, a piece of the
    /// snapshot.
    [[nodiscard]] std::uint64_t reads() const { return Config{}.scrub_reads + 2U; }
    /// The log is read once within it. A tick reads nothing while what an earlier one asked for is
    /// under way: every other one may be lost so.
    [[nodiscard]] Nanos tour() const {
        const Nanos entries = Config{}.scrub_reads;
        return 2 * ((limits_->slots + entries - 1) / entries + 1) * tick_;
    }
    /// Likewise everything.
    [[nodiscard]] Nanos all() const {
        const auto pieces = static_cast<Nanos>(replica::chunks(*limits_)) + 1;
        return std::max(tour(), 2 * (pieces + 1) * tick_);
    }

private:
    const Limits* limits_;
    Nanos tick_;
};

void break_promise(Stage& stage, ReplicaId id, std::string_view what) {
    stage.world().violate("scrub", id, what);
}

// --- SC51: rot of every kind is found

/// Lets entries, headers or the snapshot rot on a disk that has nothing to do, and looks whether
/// each byte is right again when the scrubber must have come by.
class RotOfEveryKind : public Stage::Program {
public:
    explicit RotOfEveryKind(Stage& stage) : stage_(&stage), promise_(stage.world()) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(2, 6));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        const ReplicaId id = stage_->nemesis().damage_any();
        if (!stage_->world().running(id)) return wait();
        const Disk& disk = stage_->world().disk(id);
        for (const Zone zone : {Zone::Headers, Zone::Prepares, Zone::Snapshot}) {
            const Bytes content = disk.content(zone);
            before_.at(static_cast<std::size_t>(zone)).assign(content.begin(), content.end());
        }
        const std::size_t known = disk.flips().size();
        if (stage_->rng().chance(1, 3)) {
            stage_->nemesis().rot_snapshot(id);
        } else {
            stage_->nemesis().rot(id, 2);
        }
        if (disk.flips().size() == known) return wait();
        const FaultId fault =
            stage_->begin({.kind = "rot",
                           .summary = fmt::format("n{}: {} bytes rot in {}",
                                                  id,
                                                  disk.flips().size() - known,
                                                  replica::name(disk.flips().back().place.zone)),
                           .targets = {id}});
        for (std::size_t i = known; i < disk.flips().size(); ++i)
            stage_->count(fmt::format("rotten.{}", replica::name(disk.flips()[i].place.zone)));
        const Telemetry then = stage_->world().telemetry(id);
        const bool log = disk.flips().back().place.zone != Zone::Snapshot;
        const Nanos enough = log ? promise_.tour() : promise_.all();
        stage_->later(enough, enough, [this, id, known, fault, then] {
            stage_->end(fault);
            judge(id, known, then);
            wait();
        });
    }

    void judge(ReplicaId id, std::size_t known, const Telemetry& then) {
        const Telemetry now = stage_->world().telemetry(id);
        if (now.incarnation != then.incarnation) return;
        const std::span flips(stage_->world().disk(id).flips());
        for (const Disk::Flip& flip : flips.subspan(known)) {
            const char* const zone = replica::name(flip.place.zone);
            if (is_right(id, flip.place)) {
                stage_->count(fmt::format("right_again.{}", zone));
            } else if (still_needed(id, flip.place, now, then)) {
                break_promise(*stage_, id, fmt::format("passes over what has rotten in {}", zone));
            }
        }
        stage_->count("found", now.scrub_found - then.scrub_found);
    }

    [[nodiscard]] std::byte was(const Disk::Place& place) const {
        return before_.at(static_cast<std::size_t>(place.zone)).at(place.offset);
    }
    [[nodiscard]] bool is_right(ReplicaId id, const Disk::Place& place) const {
        return stage_->world().disk(id).content(place.zone)[place.offset] == was(place);
    }

    /// Whether nothing else is there by now, and the replica has what should be there.
    [[nodiscard]] bool still_needed(ReplicaId id,
                                    const Disk::Place& place,
                                    const Telemetry& now,
                                    const Telemetry& then) const {
        if (place.zone == Zone::Snapshot) return now.checkpoint == then.checkpoint;
        const std::uint64_t size =
            place.zone == Zone::Headers ? sizeof(Header) : stage_->world().limits().message_bytes;
        const std::uint64_t slot = place.offset / size;
        const Bytes headers(before_.at(static_cast<std::size_t>(Zone::Headers)));
        const Header then_there = replica::header_from(headers.subspan(slot * sizeof(Header)));
        const Header* const log = stage_->world().replica(id)->log(then_there.op);
        return log != nullptr && log->checksum == then_there.checksum &&
               now.durable >= then_there.op;
    }

    Stage* stage_;
    Promise promise_;
    std::array<std::vector<std::byte>, zone_count> before_;
};

constexpr std::array kind_proofs = {Proof{"rotten.Prepares", 100, "entries rot"},
                                    Proof{"rotten.Headers", 35, "headers rot"},
                                    Proof{"rotten.Snapshot", 40, "snapshots rot"},
                                    Proof{"found", 120, "the scrubber finds something"},
                                    Proof{"right_again.Prepares", 75, "entries are right again"},
                                    Proof{"right_again.Headers", 25, "headers are"},
                                    Proof{"right_again.Snapshot", 30, "snapshots are"}};

// --- SC52: a tour ends

/// Holds every replica to the time that a tour of its scrubber may take, while replicas restart,
/// disks are slow and views change.
class Tours : public Stage::Program {
public:
    explicit Tours(Stage& stage) : stage_(&stage), promise_(stage.world()) {
        stage.count_while(slow_, EventKind::Committed, "commits_on_slow_disks");
    }

    void begin() {
        look();
        wait();
    }

private:
    struct Tour {
        std::uint64_t incarnation = 0;
        std::uint64_t tours = 0;
        Nanos since = 0;
        bool restarted = false; ///< it is the first of this life
    };

    void look() {
        const Nanos now = stage_->world().now();
        for (ReplicaId id = 1; id <= stage_->voters(); ++id) {
            const Telemetry said = stage_->world().telemetry(id);
            Tour& tour = tours_.at(id);
            if (!stage_->world().running(id) || said.status == Status::Booting) {
                tour = {.since = now, .restarted = true};
            } else if (said.incarnation != tour.incarnation) {
                tour = {.incarnation = said.incarnation,
                        .tours = said.scrub_tours,
                        .since = now,
                        .restarted = tour.restarted};
            } else if (said.scrub_tours != tour.tours) {
                stage_->count(id == slow_id_ ? "tours_of_slow_disks" : "tours");
                if (tour.restarted) stage_->count("tours_after_restarts");
                tour = {.incarnation = said.incarnation, .tours = said.scrub_tours, .since = now};
            } else if (now - tour.since > promise_.tour()) {
                break_promise(*stage_, id, "has not read its log within the time of a tour");
            }
        }
        stage_->later(promise_.tick() / 2, promise_.tick() / 2, [this] { look(); });
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(2, 15));
        stage_->after_commits(commits, [this] { disturb(); });
    }

    void disturb() {
        const ReplicaId id = stage_->any_voter();
        switch (stage_->rng().below(3)) {
            case 0: stage_->power_cycle(id, 1, stage_->patience()); return wait();
            case 1: stage_->unseat(2 * stage_->patience(), 4 * stage_->patience()); return wait();
            default: break;
        }
        const FaultId fault =
            stage_->slow_disk(id, static_cast<std::uint32_t>(stage_->rng().between(2, 5)));
        slow_ = true;
        slow_id_ = id;
        stage_->later(promise_.tour() / 2, promise_.tour(), [this, id, fault] {
            stage_->world().disk(id).set_slowness(1);
            stage_->end(fault);
            slow_ = false;
            slow_id_ = no_replica;
            wait();
        });
    }

    Stage* stage_;
    Promise promise_;
    std::array<Tour, max_replica_id + 1> tours_{};
    bool slow_ = false;
    ReplicaId slow_id_ = no_replica;
};

constexpr std::array tour_proofs = {
    Proof{"tours", 130, "the scrubber has read the whole log once"},
    Proof{"tours_after_restarts", 100, "in a life that has just begun"},
    Proof{"tours_of_slow_disks", 40, "on a disk that is two to five times slower"},
    Proof{"commits_on_slow_disks", 20'000, "while there is work to do"}};

// --- SC53: the scrubber keeps to its budget

/// Counts what is read between two ticks, on disks that rot, are slow or stand still: a tick never
/// asks for more than its share, nor for anything while it waits for what it asked for.
class Budget : public Stage::Program {
public:
    explicit Budget(Stage& stage) : stage_(&stage), promise_(stage.world()) {
        // Who fetches a checkpoint reads what it has of it already.
        for (const EventKind kind : {EventKind::SyncStarted, EventKind::SyncDone}) {
            stage.on(kind, [this](ReplicaId id, const Event&) { windows_.at(id) = {}; });
        }
    }

    void begin() {
        look();
        wait();
    }

private:
    /// So short that no two ticks are in one.
    struct Window {
        std::uint64_t incarnation = 0; ///< 0: nothing is known of its beginning
        std::uint64_t reads = 0;
        std::size_t under_way = 0;
    };

    void look() {
        for (ReplicaId id = 1; id <= stage_->voters(); ++id) {
            const Telemetry said = stage_->world().telemetry(id);
            const Disk& disk = stage_->world().disk(id);
            Window& window = windows_.at(id);
            const bool works = stage_->world().running(id) && said.status == Status::Normal;
            if (works && window.incarnation == said.incarnation) judge(id, disk, window);
            window = {};
            if (works) {
                window = {.incarnation = said.incarnation,
                          .reads = disk.reads(),
                          .under_way = disk.reads_under_way()};
            }
        }
        const Nanos period = promise_.tick() * 3 / 4;
        stage_->later(period, period, [this] { look(); });
    }

    void judge(ReplicaId id, const Disk& disk, const Window& window) {
        const std::uint64_t reads = disk.reads() - window.reads;
        if (reads > promise_.reads())
            break_promise(*stage_, id, "reads more at one tick than its share");
        if (disk.reads_under_way() > promise_.reads())
            break_promise(*stage_, id, "asks for more while it waits for what it has asked for");
        if (reads > 0) stage_->count("ticks");
        if (reads + 1 >= promise_.reads()) stage_->count("full_ticks");
        if (window.under_way > 0 && disk.reads_under_way() > 0) stage_->count("waits");
    }

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(2, 8));
        stage_->after_commits(commits, [this] { disturb(); });
    }

    void disturb() {
        const ReplicaId id = stage_->nemesis().damage_any();
        Disk& disk = stage_->world().disk(id);
        const Nanos length = stage_->rng().between(4, 12) * promise_.tick();
        FaultId fault = 0;
        switch (stage_->rng().below(3)) {
            case 0: stage_->count("rotten", stage_->nemesis().rot(id, 8)); return wait();
            case 1:
                fault = stage_->slow_disk(
                    id, static_cast<std::uint32_t>(stage_->rng().between(10, 200)));
                break;
            default:
                fault = stage_->begin({.kind = "stalled-zone",
                                       .summary = fmt::format("n{}: no read is answered", id),
                                       .targets = {id},
                                       .gauge_name = "operations_stalled",
                                       .gauge = [&disk] { return disk.stalled(); }});
                disk.stall(Zone::Prepares, stage_->world().now() + length);
        }
        stage_->later(length, length, [this, &disk, fault] {
            disk.set_slowness(1);
            stage_->end(fault);
            wait();
        });
    }

    Stage* stage_;
    Promise promise_;
    std::array<Window, max_replica_id + 1> windows_{};
};

constexpr std::array budget_proofs = {
    Proof{"ticks", 1'800, "ticks of the scrubber read something"},
    Proof{"full_ticks", 1'500, "they read as much as they may"},
    Proof{"waits", 300, "others pass, because what was asked for is not there yet"},
    Proof{"rotten", 110, "there is something to find"}};

// --- SC54: what nobody reads rots

/// Lets an entry rot that nobody asks for: only the scrubber can find it.
class IdleRot : public Stage::Program {
public:
    explicit IdleRot(Stage& stage) : stage_(&stage) {}

    void wait() {
        const auto commits = static_cast<Op>(stage_->rng().between(3, 10));
        stage_->after_commits(commits, [this] { begin(); });
    }

private:
    void begin() {
        victim_ = stage_->nemesis().damage_any();
        if (!stage_->world().running(victim_)) return wait();
        const Telemetry before = stage_->world().telemetry(victim_);
        const std::uint64_t rotten = stage_->nemesis().rot(victim_, 2);
        if (rotten == 0) return wait();
        stage_->count("rotten", rotten);
        const FaultId fault =
            stage_->begin({.kind = "rot",
                           .summary = fmt::format("n{}: {} slots rot", victim_, rotten),
                           .targets = {victim_}});
        const Nanos enough = 12 * stage_->world().timeouts().scrub;
        stage_->later(enough, enough, [this, fault, before] {
            stage_->end(fault);
            const Telemetry after = stage_->world().telemetry(victim_);
            stage_->count("scrub_found", after.scrub_found - before.scrub_found);
            stage_->count("scrub_tours", after.scrub_tours - before.scrub_tours);
            if (after.scrub_found > before.scrub_found && after.faulty_slots == 0)
                stage_->count("whole_again");
            wait();
        });
    }

    Stage* stage_;
    ReplicaId victim_ = no_replica;
};

/// So little to do that the log is read for no other reason, and a short log.
void idle(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::ClientsPerNode, 1);
    knobs.set(Knob::ThinkMicros, 200'000);
    knobs.set(Knob::TimeoutPercent, 100);
    knobs.set(Knob::Slots, 32);
}

constexpr std::array scrub_proofs = {
    Proof{"rotten", 50, "entries rot"},
    Proof{"scrub_tours", 20, "the scrubber has read everything once"},
    Proof{"scrub_found", 20, "it finds what has rotten"},
    Proof{"whole_again", 20, "and soon no slot is bad any more"}};

template <class Program>
void play_at_once(Stage& stage) {
    stage.keep<Program>().begin();
}

/// Still less, so that what is there stays there until the scrubber has come by.
void still(Knobs& knobs) {
    idle(knobs);
    knobs.set(Knob::ThinkMicros, 600'000);
    knobs.set(Knob::Slots, 64);
    knobs.set(Knob::CheckpointEvery, 28);
}

/// Time-outs as they are, and a short log: so that there are many tours.
void short_tours(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::TimeoutPercent, 100);
    knobs.set(Knob::ClientsPerNode, 1);
    knobs.set(Knob::ThinkMicros, 20'000);
    knobs.set(Knob::Slots, 32);
}

constexpr std::array scenarios = {
    Scenario{.id = "SC51",
             .name = "rot-of-every-kind",
             .summary = "entries, headers and snapshots rot that nobody asks for, and the scrubber "
                        "must find each in time",
             .prepare = still,
             .play = play<RotOfEveryKind>,
             .proofs = kind_proofs},
    Scenario{.id = "SC52",
             .name = "scrub-tours",
             .summary = "each tour of the scrubber must end in time, whoever restarts, is slow or "
                        "loses the primary",
             .prepare = short_tours,
             .play = play_at_once<Tours>,
             .proofs = tour_proofs},
    Scenario{.id = "SC53",
             .name = "scrub-budget",
             .summary = "disks rot, are slow and stand still, and no tick of the scrubber may read "
                        "more than its share",
             .prepare = short_tours,
             .play = play_at_once<Budget>,
             .proofs = budget_proofs},
    Scenario{.id = "SC54",
             .name = "idle-rot",
             .summary = "entries rot that nobody asks for, until the scrubber finds them",
             .prepare = idle,
             .play = play<IdleRot>,
             .proofs = scrub_proofs}};

} // namespace

std::span<const Scenario> scrubber_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
