#include "tests/support/replica_world/nemesis.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::replica::world {
namespace {

constexpr Nanos ms = 1'000'000;

} // namespace

bool entry_settled(const Disk& disk, const Limits& limits, std::uint64_t slot) {
    if (disk.volatile_writes(Zone::Headers) > 0) return false;
    if (disk.volatile_writes(Zone::Prepares) > 0) return false;
    const Bytes redundant = disk.content(Zone::Headers).subspan(slot * sizeof(Header));
    const Bytes entry = disk.content(Zone::Prepares).subspan(slot * limits.message_bytes);
    const Header header = header_from(redundant);
    if (header.checksum != checksum_of(header)) return false;
    if (header.size < sizeof(Header) || header.size > limits.message_bytes) return false;
    const Bytes body = entry.subspan(sizeof(Header), header.size - sizeof(Header));
    return header_from(entry).checksum == header.checksum && checksum(body) == header.body_checksum;
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

Nemesis::Nemesis(World& world, std::uint8_t voters, Rng rng)
    : world_(&world), rng_(std::move(rng)), calm_(world.network().options()) {
    for (std::size_t i = 0; i < trouble_count; ++i) {
        if (rng_.chance(1, 3)) kinds_.push_back(static_cast<Trouble>(i));
    }
    if (kinds_.empty()) kinds_.push_back(Trouble::Crash);
    std::vector<ReplicaId> ids;
    for (ReplicaId id = 1; id <= voters; ++id) {
        ids.push_back(id);
    }
    rng_.shuffle(std::span(ids));
    faulty_.assign(ids.begin(), ids.begin() + (voters - 1) / 2);
}

std::string Nemesis::describe() const {
    std::string all;
    for (const Trouble kind : kinds_) {
        all += all.empty() ? "" : ", ";
        all += name(kind);
    }
    return all;
}

void Nemesis::run_until(Nanos end) {
    end_ = end;
    next();
}

void Nemesis::next() {
    world_->after(rng_.between(1 * ms, 150 * ms), [this] {
        if (world_->now() >= end_) return;
        make(kinds_[rng_.below(kinds_.size())]);
        next();
    });
}

ReplicaId Nemesis::any() {
    return static_cast<ReplicaId>(1 + rng_.below(world_->size()));
}
ReplicaId Nemesis::any_faulty() {
    return faulty_[rng_.below(faulty_.size())];
}

Nanos Nemesis::some_time() {
    // Mostly shorter than the time-outs, now and then much longer.
    return rng_.chance(1, 4) ? rng_.between(100 * ms, 800 * ms) : rng_.between(1 * ms, 100 * ms);
}

void Nemesis::make(Trouble trouble) {
    ++troubles_;
    const ReplicaId id = any();
    switch (trouble) {
        case Trouble::Crash:
            world_->crash(id);
            restart_later(id, false);
            break;
        case Trouble::PowerCut:
            world_->power_cut(id);
            restart_later(id, false);
            break;
        case Trouble::PowerCutAll:
            for (ReplicaId each = 1; each <= world_->size(); ++each) {
                world_->power_cut(each);
                restart_later(each, false);
            }
            break;
        case Trouble::Pause:
            world_->pause(id);
            world_->after(some_time(), [this, id] { world_->resume(id); });
            break;
        case Trouble::ClockRate: world_->set_clock_rate(id, rng_.between(975, 1025)); break;
        case Trouble::WallJump: world_->jump_wall(id, rng_.between(-2000 * ms, 2000 * ms)); break;
        case Trouble::OtherRelease:
            reboot(id, static_cast<std::uint32_t>(rng_.between(oldest_release, newest_release)));
            break;
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

void Nemesis::make_network(Trouble trouble) {
    Network& network = world_->network();
    const auto calm_later = [&] {
        world_->after(some_time(), [this] { world_->network().options() = calm_; });
    };
    switch (trouble) {
        case Trouble::Partition: {
            std::vector<Endpoint> sides[2];
            for (ReplicaId id = 1; id <= world_->size(); ++id) {
                sides[rng_.below(2)].push_back(id);
            }
            for (std::size_t i = 0; i < world_->client_count(); ++i) {
                if (rng_.chance(1, 4)) sides[rng_.below(2)].push_back(world_->client_endpoint(i));
            }
            network.cut(sides[0], sides[1]);
            world_->after(some_time(), [this] { world_->network().heal_cuts(); });
            break;
        }
        case Trouble::OneWayCut:
            network.cut_one_way(any(), any());
            world_->after(some_time(), [this] { world_->network().heal_cuts(); });
            break;
        case Trouble::Loss:
            network.options().loss_permille = static_cast<std::uint32_t>(rng_.between(10, 300));
            calm_later();
            break;
        case Trouble::Disorder:
            network.options().reorder = true;
            network.options().duplicate_permille = static_cast<std::uint32_t>(rng_.between(0, 300));
            calm_later();
            break;
        case Trouble::Delay:
            network.options().delay_max = rng_.between(2 * ms, 80 * ms);
            calm_later();
            break;
        case Trouble::Replay: {
            const ReplicaId from_id = any();
            const auto rule = network.copy_if([from_id, salt = rng_.next()](const Packet& packet) {
                return packet.from == from_id && (packet.header.checksum.low ^ salt) % 16 == 0;
            });
            const std::uint64_t healed = healed_;
            world_->after(some_time() + 50 * ms, [this, rule, healed] {
                if (healed == healed_) world_->network().release(rule);
            });
            break;
        }
        default: break;
    }
}

void Nemesis::make_disk(Trouble trouble) {
    const ReplicaId id = any();
    Disk& disk = world_->disk(id);
    const auto zone = static_cast<Zone>(rng_.below(zone_count));
    switch (trouble) {
        case Trouble::SlowDisk:
            disk.set_slowness(static_cast<std::uint32_t>(rng_.between(2, 40)));
            world_->after(some_time(), [&disk] { disk.set_slowness(1); });
            break;
        case Trouble::StalledZone: disk.stall(zone, world_->now() + some_time()); break;
        case Trouble::WriteError:
        case Trouble::SyncError:
            disk.fail_next(zone,
                           trouble == Trouble::WriteError ? Disk::Operation::Write
                                                          : Disk::Operation::Sync);
            restart_later(id, false);
            break;
        case Trouble::FullDisk:
            disk.set_full(true);
            world_->after(some_time(), [&disk] { disk.set_full(false); });
            restart_later(id, false);
            break;
        default: break;
    }
}

void Nemesis::make_storage(Trouble trouble) {
    if (faulty_.empty()) return;
    const ReplicaId id = any_faulty();
    Disk& disk = world_->disk(id);
    switch (trouble) {
        case Trouble::Rot:
            for (std::uint64_t i = rng_.below(6) + 1; i > 0; --i) {
                rot(id);
            }
            if (rng_.chance(1, 3)) {
                world_->power_cut(id);
                restart_later(id, false);
            }
            break;
        case Trouble::ReadError: disk.fail_next(Zone::Prepares, Disk::Operation::Read); break;
        case Trouble::Misdirect:
            // A prepare that lands elsewhere would look as if it had never been written, until its
            // header is durable; a header is only ever a second copy.
            disk.misdirect_next(Zone::Headers, rng_.below(world_->limits().slots) * sizeof(Header));
            break;
        case Trouble::LostDisk:
            world_->crash(id);
            restart_later(id, true);
            break;
        default: break;
    }
}

void Nemesis::rot(ReplicaId id) {
    Disk& disk = world_->disk(id);
    const Limits& limits = world_->limits();
    const std::uint64_t slot = rng_.below(limits.slots);
    if (!entry_settled(disk, limits, slot)) return;
    if (rng_.chance(1, 4)) {
        disk.rot(Zone::Headers, slot * sizeof(Header), sizeof(Header));
    } else {
        const std::uint64_t into = rng_.chance(1, 2) ? 0 : sizeof(Header);
        disk.rot(Zone::Prepares, slot * limits.message_bytes + into, 40);
    }
}

void Nemesis::restart_later(ReplicaId id, bool blank) {
    world_->after(some_time(), [this, id, blank, healed = healed_] {
        if (healed != healed_) return;
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
    ++healed_;
    end_ = world_->now();
    Network& network = world_->network();
    network.remove_rules();
    network.heal_cuts();
    network.options() = calm_;
    for (ReplicaId id = 1; id <= world_->size(); ++id) {
        world_->disk(id).heal();
        world_->resume(id);
        world_->set_clock_rate(id, 1000);
        if (!world_->running(id)) reboot(id);
    }
}

} // namespace faultlab::replica::world
