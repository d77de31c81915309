#include "simulator/nemesis.hpp"

#include "core/check.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/superblock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {
namespace {

constexpr Nanos ms = 1'000'000;

} // namespace

bool entry_settled(const Disk& disk, const Limits& limits, std::uint64_t slot) {
    if (disk.volatile_writes(Zone::Headers) > 0) return false;
    if (disk.volatile_writes(Zone::Prepares) > 0) return false;
    const Bytes redundant = disk.content(Zone::Headers).subspan(slot * sizeof(Header));
    const Bytes entry = disk.content(Zone::Prepares).subspan(slot * limits.message_bytes);
    const Header header = replica::header_from(redundant);
    if (header.checksum != checksum_of(header)) return false;
    if (header.size < sizeof(Header) || header.size > limits.message_bytes) return false;
    const Bytes body = entry.subspan(sizeof(Header), header.size - sizeof(Header));
    return replica::header_from(entry).checksum == header.checksum &&
           checksum(body) == header.body_checksum;
}

void misread_next(Disk& disk, const Limits& limits, Zone zone, std::uint64_t offset) {
    if (zone != Zone::Prepares) return disk.misread_next(zone, offset);
    disk.misread_next(zone, offset, [&disk, &limits](std::uint64_t at, std::uint32_t length) {
        const std::uint64_t bytes = limits.message_bytes;
        for (std::uint64_t slot = at / bytes; slot * bytes < at + length; ++slot)
            if (!entry_settled(disk, limits, slot)) return false;
        return true;
    });
}

bool snapshot_settled(const Disk& disk) {
    return disk.volatile_writes(Zone::Superblock) == 0 && disk.volatile_writes(Zone::Snapshot) == 0;
}

ReplicaId to_heal(World& world, ReplicaId id) {
    if (!world.planted().fires(SimBug::SB10, 500)) return id;
    return static_cast<ReplicaId>(id % world.size() + 1);
}

const char* name(Trouble trouble) {
    switch (trouble) {
        case Trouble::Crash: return "crash";
        case Trouble::PowerCut: return "power-cut";
        case Trouble::PowerCutAll: return "power-cut-all";
        case Trouble::Pause: return "pause";
        case Trouble::Partition: return "partition";
        case Trouble::OneWayCut: return "one-way-cut";
        case Trouble::Loss: return "loss";
        case Trouble::Disorder: return "disorder";
        case Trouble::Delay: return "delay";
        case Trouble::Replay: return "replay";
        case Trouble::SlowDisk: return "slow-disk";
        case Trouble::StalledZone: return "stalled-zone";
        case Trouble::WriteError: return "write-error";
        case Trouble::SyncError: return "sync-error";
        case Trouble::FullDisk: return "full-disk";
        case Trouble::ClockRate: return "clock-rate";
        case Trouble::WallJump: return "wall-jump";
        case Trouble::OtherRelease: return "other-release";
        case Trouble::Rot: return "rot";
        case Trouble::ReadError: return "read-error";
        case Trouble::Misdirect: return "misdirect";
        case Trouble::LostDisk: return "lost-disk";
    }
    return "?";
}

NemesisOptions NemesisOptions::draw(Rng& rng) {
    NemesisOptions options;
    for (std::uint64_t& weight : options.weights)
        weight = rng.chance(1, 3) ? 1 : 0;
    const bool none = std::ranges::all_of(options.weights, [](std::uint64_t w) { return w == 0; });
    if (none) options.weights[static_cast<std::size_t>(Trouble::Crash)] = 1;
    return options;
}

Nemesis::Nemesis(
    World& world, std::uint8_t voters, Rng rng, const NemesisOptions& options, FaultLog* log)
    : world_(&world), rng_(std::move(rng)), options_(options), log_(log),
      calm_(world.network().options()) {
    std::vector<ReplicaId> ids;
    for (ReplicaId id = 1; id <= voters; ++id) {
        ids.push_back(id);
    }
    rng_.shuffle(std::span(ids));
    faulty_.assign(ids.begin(), ids.begin() + (voters - 1) / 2);
}

Nemesis::Nemesis(World& world, std::uint8_t voters, Rng rng)
    : Nemesis(world, voters, rng, [&rng] {
          Rng kinds = rng.split("kinds");
          return NemesisOptions::draw(kinds);
      }()) {}

std::string Nemesis::describe() const {
    std::string all;
    for (std::size_t i = 0; i < trouble_count; ++i) {
        if (options_.weights[i] == 0) continue;
        all += all.empty() ? "" : ", ";
        all += name(static_cast<Trouble>(i));
    }
    return all;
}

void Nemesis::run_until(Nanos end) {
    end_ = end;
    const bool any = std::ranges::any_of(options_.weights, [](std::uint64_t w) { return w > 0; });
    if (any) next();
}

void Nemesis::stop() {
    ++stopped_;
    end_ = world_->now();
}

void Nemesis::next() {
    later(rng_.between(options_.gap_least, options_.gap_most), [this] {
        if (world_->now() >= end_) return;
        make(draw_kind());
        next();
    });
}

Trouble Nemesis::draw_kind() {
    std::uint64_t total = 0;
    for (const std::uint64_t weight : options_.weights)
        total += weight;
    std::uint64_t ticket = rng_.below(total);
    std::size_t kind = 0;
    for (; ticket >= options_.weights[kind]; ++kind)
        ticket -= options_.weights[kind];
    return static_cast<Trouble>(kind);
}

void Nemesis::later(Nanos delay, std::function<void()> what) {
    world_->after(delay, [this, stopped = stopped_, what = std::move(what)] {
        if (stopped == stopped_) what();
    });
}

FaultId Nemesis::log(FaultLog::Beginning beginning) {
    return log_ == nullptr ? -1 : log_->begin(world_->now(), std::move(beginning));
}
void Nemesis::over(FaultId fault) {
    if (log_ != nullptr && fault >= 0) log_->end(world_->now(), fault);
}

ReplicaId Nemesis::any() {
    return static_cast<ReplicaId>(1 + rng_.below(world_->size()));
}
ReplicaId Nemesis::damage_any() {
    FAULTLAB_CHECK(!faulty_.empty());
    const ReplicaId id = faulty_[rng_.below(faulty_.size())];
    damaged_[id] = true;
    return id;
}

bool Nemesis::damage(ReplicaId id) {
    if (damaged_.at(id)) return true;
    if (std::ranges::count(damaged_, true) >= std::ssize(faulty_)) return false;
    damaged_[id] = true;
    return true;
}

Nanos Nemesis::some_time() {
    return rng_.chance(options_.long_percent, 100)
               ? rng_.between(options_.short_most,
                              std::max(options_.short_most, options_.long_most))
               : rng_.between(1 * ms, options_.short_most);
}

void Nemesis::make(Trouble trouble) {
    ++troubles_;
    switch (trouble) {
        case Trouble::Crash:
        case Trouble::PowerCut: crash(trouble, any()); break;
        case Trouble::PowerCutAll:
            for (ReplicaId each = 1; each <= world_->size(); ++each)
                crash(trouble, each);
            break;
        case Trouble::Pause: {
            const ReplicaId id = any();
            const FaultId fault = log({.kind = name(trouble),
                                       .summary = fmt::format("n{} paused", id),
                                       .targets = {id},
                                       .gauge_name = "inputs_held_back",
                                       .gauge = [this, id] { return world_->held_back(id); }});
            world_->pause(id);
            later(some_time(), [this, id, fault] {
                over(fault);
                world_->resume(to_heal(*world_, id));
            });
            break;
        }
        case Trouble::ClockRate: {
            const ReplicaId id = any();
            const std::int64_t rate = rng_.between(975, 1025);
            log({.kind = name(trouble),
                 .summary = fmt::format("the clock of n{} goes at {} of a thousand", id, rate),
                 .targets = {id}});
            world_->set_clock_rate(id, rate);
            break;
        }
        case Trouble::WallJump: {
            const ReplicaId id = any();
            const Nanos by = rng_.between(-2000 * ms, 2000 * ms);
            over(log({.kind = name(trouble),
                      .summary = fmt::format("the wall clock of n{} jumps {} ms", id, by / ms),
                      .targets = {id}}));
            world_->jump_wall(id, by);
            break;
        }
        case Trouble::OtherRelease: {
            const ReplicaId id = any();
            const auto release =
                static_cast<std::uint32_t>(rng_.between(oldest_release, newest_release));
            over(log({.kind = name(trouble),
                      .summary = fmt::format("n{} restarted as release {}", id, release),
                      .targets = {id}}));
            reboot(id, release);
            break;
        }
        case Trouble::Rot:
        case Trouble::ReadError:
        case Trouble::Misdirect:
        case Trouble::LostDisk: make_storage(trouble); break;
        default:
            make_network(trouble);
            make_disk(trouble);
            break;
    }
}

void Nemesis::crash(Trouble trouble, ReplicaId id) {
    const bool power = trouble != Trouble::Crash;
    const FaultId fault =
        log({.kind = name(trouble),
             .summary = fmt::format("n{} {}", id, power ? "loses its power" : "killed"),
             .targets = {id}});
    if (power) {
        world_->power_cut(id);
    } else {
        world_->crash(id);
    }
    restart_later(id, false, fault);
}

/// Two sides. As often as not a side is one replica, mostly the one that leads. Clients reach both
/// sides, or some or all of them are each on one: who asks a primary that is cut off, while others
/// go on with the next.
void Nemesis::partition() {
    std::array<std::vector<Endpoint>, 2> sides;
    std::array<std::vector<ReplicaId>, 2> replicas;
    std::optional<ReplicaId> alone;
    if (rng_.chance(1, 2)) {
        const std::optional<ReplicaId> leads = world_->primary();
        alone = leads && rng_.chance(2, 3) ? *leads : any();
    }
    for (ReplicaId id = 1; id <= world_->size(); ++id) {
        const std::size_t side = alone ? std::size_t{id == *alone} : rng_.below(2);
        sides.at(side).push_back(id);
        replicas.at(side).push_back(id);
    }
    const bool all = rng_.chance(1, 2);
    for (std::size_t i = 0; i < world_->client_count(); ++i) {
        if (all || rng_.chance(1, 4)) sides.at(rng_.below(2)).push_back(world_->client_endpoint(i));
    }
    const FaultId fault = log({.kind = name(Trouble::Partition),
                               .summary = fmt::format("{} cut off from {}{}",
                                                      text(replicas[0]),
                                                      text(replicas[1]),
                                                      all ? ", clients too" : ""),
                               .targets = replicas[0],
                               .gauge_name = "packets_cut",
                               .gauge = [this] { return world_->network().counts().cut; }});
    world_->network().cut(sides[0], sides[1]);
    later(some_time(), [this, fault] {
        over(fault);
        world_->network().heal_cuts();
        // Now and then the next one comes at once, before anybody has caught up.
        if (rng_.chance(1, 3) && world_->now() < end_) partition();
    });
}

void Nemesis::replay_later() {
    const ReplicaId from_id = any();
    Network& network = world_->network();
    const auto rule = network.copy_if([from_id, salt = rng_.next()](const Packet& packet) {
        return packet.from == from_id && (packet.header.checksum.low ^ salt) % 16 == 0;
    });
    const FaultId fault = log({.kind = name(Trouble::Replay),
                               .summary = fmt::format("messages of n{} come once more", from_id),
                               .targets = {from_id},
                               .gauge_name = "packets_replayed",
                               .gauge = [&network] { return network.counts().replayed; }});
    later(some_time() + 50 * ms, [this, rule, fault] {
        world_->network().release(rule);
        over(fault);
    });
}

void Nemesis::make_network(Trouble trouble) {
    Network& network = world_->network();
    const auto calm_later =
        [&](std::string summary, const char* gauge_name, FaultLog::Gauge gauge) {
            const FaultId fault = log({.kind = name(trouble),
                                       .summary = std::move(summary),
                                       .gauge_name = gauge_name,
                                       .gauge = std::move(gauge)});
            later(some_time(), [this, fault] {
                over(fault);
                world_->network().options() = calm_;
            });
        };
    switch (trouble) {
        case Trouble::Partition: partition(); break;
        case Trouble::OneWayCut: {
            const ReplicaId from_id = any();
            const ReplicaId to_id = any();
            const FaultId fault =
                log({.kind = name(trouble),
                     .summary = fmt::format("n{} does not reach n{}", from_id, to_id),
                     .targets = {from_id},
                     .gauge_name = "packets_cut",
                     .gauge = [&network] { return network.counts().cut; }});
            network.cut_one_way(from_id, to_id);
            later(some_time(), [this, fault] {
                over(fault);
                world_->network().heal_cuts();
            });
            break;
        }
        case Trouble::Loss:
            network.options().loss_permille = static_cast<std::uint32_t>(rng_.between(10, 300));
            calm_later(
                fmt::format("{} of a thousand messages lost", network.options().loss_permille),
                "packets_lost",
                [&network] { return network.counts().lost; });
            break;
        case Trouble::Disorder:
            network.options().reorder = true;
            network.options().duplicate_permille = static_cast<std::uint32_t>(rng_.between(0, 300));
            calm_later(
                "messages overtake each other, and come twice", "packets_out_of_order", [&network] {
                    return network.counts().overtaking + network.counts().duplicated;
                });
            break;
        case Trouble::Delay:
            network.options().delay_max = std::max(calm_.delay_max, rng_.between(2 * ms, 80 * ms));
            calm_later(fmt::format("messages take up to {} ms", network.options().delay_max / ms),
                       "packets_sent",
                       [&network] { return network.counts().sent; });
            break;
        case Trouble::Replay: replay_later(); break;
        default: break;
    }
}

void Nemesis::make_disk(Trouble trouble) {
    const ReplicaId id = any();
    Disk& disk = world_->disk(id);
    const auto zone = static_cast<Zone>(rng_.below(zone_count));
    const auto begin = [&](std::string summary, const char* gauge_name, FaultLog::Gauge gauge) {
        return log({.kind = name(trouble),
                    .summary = fmt::format("n{}: {}", id, summary),
                    .targets = {id},
                    .gauge_name = gauge_name,
                    .gauge = std::move(gauge)});
    };
    const auto refusals = [&disk] { return disk.refusals(); };
    switch (trouble) {
        case Trouble::SlowDisk: {
            const auto factor = static_cast<std::uint32_t>(rng_.between(2, 40));
            const FaultId fault = begin(fmt::format("its disk is {} times slower", factor),
                                        "operations",
                                        [&disk] { return disk.operations(); });
            disk.set_slowness(factor);
            later(some_time(), [this, &disk, fault] {
                over(fault);
                disk.set_slowness(1);
            });
            break;
        }
        case Trouble::StalledZone: {
            const Nanos length = some_time();
            const FaultId fault = begin(fmt::format("{} stalls", replica::name(zone)),
                                        "operations_stalled",
                                        [&disk] { return disk.stalled(); });
            disk.stall(zone, world_->now() + length);
            later(length, [this, fault] { over(fault); });
            break;
        }
        case Trouble::WriteError:
        case Trouble::SyncError: {
            const bool write = trouble == Trouble::WriteError;
            const FaultId fault = begin(
                fmt::format("a {} to {} fails", write ? "write" : "sync", replica::name(zone)),
                "refusals",
                refusals);
            disk.fail_next(zone, write ? Disk::Operation::Write : Disk::Operation::Sync);
            restart_later(id, false, fault, [&disk] { return disk.fails_next().has_value(); });
            break;
        }
        case Trouble::FullDisk: {
            const FaultId fault = begin("its disk is full", "refusals", refusals);
            disk.set_full(true);
            later(some_time(), [this, &disk, fault] {
                over(fault);
                disk.set_full(false);
            });
            restart_later(id, false, fault, [&disk] { return disk.full(); });
            break;
        }
        default: break;
    }
}

void Nemesis::make_storage(Trouble trouble) {
    if (faulty_.empty()) return;
    const ReplicaId id = damage_any();
    Disk& disk = world_->disk(id);
    switch (trouble) {
        case Trouble::Rot: {
            const std::uint64_t rotten = rot(id, rng_.below(6) + 1);
            const FaultId fault =
                rotten == 0 ? -1
                            : log({.kind = name(trouble),
                                   .summary = fmt::format("n{}: {} slots rot", id, rotten),
                                   .targets = {id}});
            if (rng_.chance(1, 3)) {
                world_->power_cut(id);
                restart_later(id, false, fault);
            } else {
                over(fault);
            }
            break;
        }
        case Trouble::ReadError:
            log({.kind = name(trouble),
                 .summary = fmt::format("n{}: a read of the log fails", id),
                 .targets = {id},
                 .gauge_name = "failed_reads",
                 .gauge = [&disk] { return disk.failed_reads(); }});
            disk.fail_next(Zone::Prepares, Disk::Operation::Read);
            break;
        case Trouble::Misdirect:
            log({.kind = name(trouble),
                 .summary = fmt::format("n{}: a header is written to another slot", id),
                 .targets = {id},
                 .gauge_name = "misdirected",
                 .gauge = [&disk] { return disk.misdirected(); }});
            // A prepare that lands elsewhere would look as if it had never been written, until its
            // header is durable; a header is only ever a second copy.
            disk.misdirect_next(Zone::Headers, rng_.below(world_->limits().slots) * sizeof(Header));
            break;
        case Trouble::LostDisk: {
            const FaultId fault = log({.kind = name(trouble),
                                       .summary = fmt::format("n{} loses its disk", id),
                                       .targets = {id}});
            world_->crash(id);
            restart_later(id, true, fault);
            break;
        }
        default: break;
    }
}

std::uint64_t Nemesis::rot(ReplicaId id, std::uint64_t most) {
    FAULTLAB_CHECK(damaged_.at(id));
    std::uint64_t rotten = 0;
    for (std::uint64_t i = 0; i < most; ++i)
        rotten += rot_one(id) ? 1 : 0;
    return rotten;
}

bool Nemesis::rot_one(ReplicaId id) {
    Disk& disk = world_->disk(id);
    const Limits& limits = world_->limits();
    const std::uint64_t slot = rng_.below(limits.slots);
    if (!entry_settled(disk, limits, slot)) return false;
    if (rng_.chance(1, 4)) {
        disk.rot(Zone::Headers, slot * sizeof(Header), sizeof(Header));
    } else {
        const std::uint64_t into = rng_.chance(1, 2) ? 0 : sizeof(Header);
        disk.rot(Zone::Prepares, slot * limits.message_bytes + into, rotten_bytes);
    }
    return true;
}

bool Nemesis::rot_snapshot(ReplicaId id) {
    FAULTLAB_CHECK(damaged_.at(id));
    Disk& disk = world_->disk(id);
    BugSet none;
    const auto superblock = replica::open_superblock(disk.content(Zone::Superblock), none);
    if (!superblock || superblock->checkpoint_op == 0 || !snapshot_settled(disk)) return false;
    const Limits& limits = world_->limits();
    const std::uint64_t area = superblock->checkpoint_area * replica::area_bytes(limits);
    const std::uint64_t into = rng_.chance(1, 2) ? replica::manifest_bytes(limits) : 0;
    disk.rot(Zone::Snapshot, area + into, rotten_bytes);
    return true;
}

void Nemesis::restart_later(ReplicaId id,
                            bool blank,
                            FaultId fault,
                            const std::function<bool()>& still) {
    later(some_time(), [this, id, blank, fault, still] {
        if (!still || !still()) over(fault);
        if (blank) {
            world_->crash(id);
            world_->start_blank(id);
        } else if (!world_->running(id)) {
            reboot(id);
        }
    });
}

void Nemesis::reboot(ReplicaId id, std::optional<std::uint32_t> release) {
    // A machine whose disk refused something is not to be trusted: its cache may show what the disk
    // has not (fsync on Linux). Whoever is merely down keeps its cache.
    if (!world_->halted(id).empty()) world_->power_cut(id);
    world_->crash(id);
    world_->start(id, release);
}

void Nemesis::heal() {
    stop();
    world_->network().heal(calm_);
    for (ReplicaId id = 1; id <= world_->size(); ++id) {
        world_->disk(id).heal();
        world_->resume(id);
        world_->set_clock_rate(id, 1000);
        if (!world_->running(id)) reboot(id);
    }
    if (log_ != nullptr) log_->end_all(world_->now());
}

} // namespace faultlab::simulator
