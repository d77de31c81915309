#include "simulator/wrongs.hpp"

#include <fmt/format.h>

#include <vector>

namespace faultlab::simulator {
namespace {

Deed deed_of(Disk::Operation operation) {
    switch (operation) {
        case Disk::Operation::Read: return Deed::ReadError;
        case Disk::Operation::Write: return Deed::WriteError;
        case Disk::Operation::Sync: return Deed::SyncError;
    }
    return Deed::ReadError;
}

std::int64_t number(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

void look_at_links(const World& world, std::set<Wrong>& all) {
    const Network& network = world.network();
    const NetworkOptions& options = network.options();
    if (options.loss_permille > 0)
        all.insert({.deed = Deed::Loss, .amount = options.loss_permille});
    if (options.duplicate_permille > 0)
        all.insert({.deed = Deed::Duplicates, .amount = options.duplicate_permille});
    if (options.reorder) all.insert({.deed = Deed::Disorder});
    if (options.delay_max > world.calm().delay_max)
        all.insert({.deed = Deed::Delay, .amount = options.delay_max});
    std::vector<Endpoint> ends;
    for (ReplicaId id = 1; id <= world.size(); ++id)
        ends.push_back(id);
    for (std::size_t i = 0; i < world.client_count(); ++i)
        ends.push_back(world.client_endpoint(i));
    for (const Endpoint from : ends) {
        for (const Endpoint to : ends) {
            if (!network.connected(from, to)) all.insert({.deed = Deed::Cut, .a = from, .b = to});
            if (is_client(from) || is_client(to)) continue;
            const LinkTrouble& link =
                network.trouble(static_cast<ReplicaId>(from), static_cast<ReplicaId>(to));
            if (link.delay > 0)
                all.insert({.deed = Deed::SlowLinks, .a = from, .b = to, .amount = link.delay});
            if (link.loss_permille > 0)
                all.insert({.deed = Deed::Loss, .a = from, .b = to, .amount = link.loss_permille});
        }
    }
}

void look_at_machine(const World& world, ReplicaId id, std::set<Wrong>& all) {
    const World::Machine machine = world.machine(id);
    if (machine.paused) all.insert({.deed = Deed::Pause, .a = id});
    if (machine.rate_permille != 1000)
        all.insert({.deed = Deed::ClockRate, .a = id, .amount = machine.rate_permille});
    if (machine.wall_offset != 0)
        all.insert({.deed = Deed::WallClock, .a = id, .amount = machine.wall_offset});
    for (std::size_t i = 0; i < timer_count; ++i) {
        const auto timer = static_cast<Timer>(i);
        if (const std::int64_t rate = world.timer_rate(id, timer); rate != 1000)
            all.insert({.deed = Deed::TimerRate, .a = id, .timer = timer, .amount = rate});
    }
}

void look_at_disk(const World& world, ReplicaId id, std::set<Wrong>& all) {
    const Disk& disk = world.disk(id);
    if (disk.slowness() != 1)
        all.insert({.deed = Deed::SlowDisk, .a = id, .amount = disk.slowness()});
    if (disk.full()) all.insert({.deed = Deed::FullDisk, .a = id});
    for (std::size_t i = 0; i < zone_count; ++i) {
        const auto zone = static_cast<Zone>(i);
        if (const Nanos until = disk.stalled_until(zone); until > world.now())
            all.insert({.deed = Deed::StalledZone, .a = id, .zone = zone, .amount = until});
    }
    if (const auto& fail = disk.fails_next())
        all.insert({.deed = deed_of(fail->operation), .a = id, .zone = fail->zone});
    if (const auto& place = disk.misdirects_next()) {
        all.insert({.deed = Deed::Misdirect,
                    .a = id,
                    .zone = place->zone,
                    .amount = number(place->offset)});
    }
    if (const auto& place = disk.misreads_next()) {
        all.insert(
            {.deed = Deed::Misread, .a = id, .zone = place->zone, .amount = number(place->offset)});
    }
}

} // namespace

std::set<Wrong> wrongs(const World& world) {
    std::set<Wrong> all;
    look_at_links(world, all);
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        look_at_machine(world, id, all);
        look_at_disk(world, id, all);
    }
    return all;
}

std::string text(const Wrong& wrong) {
    std::string all(deed_table()[static_cast<std::size_t>(wrong.deed)].name);
    if (wrong.a != 0) all += fmt::format(" {}", wrong.a);
    if (wrong.b != 0) all += fmt::format(" {}", wrong.b);
    return all;
}

} // namespace faultlab::simulator
