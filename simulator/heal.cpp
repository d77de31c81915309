#include "simulator/heal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace faultlab::simulator {
namespace {

std::vector<ReplicaId> voters_whose_disks_are_good(const World& world, const Nemesis& nemesis) {
    std::vector<ReplicaId> good;
    for (ReplicaId id = 1; id <= world.voters(); ++id) {
        if (!nemesis.damaged(id)) good.push_back(id);
    }
    return good;
}

bool can_change_view(const World& world, std::size_t voters) {
    return voters >= replica::Quorums::of(world.voters()).view_change;
}

/// Whether other replicas vote than in the beginning, or soon may: somebody has asked for it, and
/// is not answered.
bool members_change(const World& world) {
    for (std::size_t client = 0; client < world.client_count(); ++client) {
        if (world.client(client).asks(OpCode::Reconfigure)) return true;
    }
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        if (world.running(id) && world.telemetry(id).membership.epoch > 0) return true;
    }
    return false;
}

std::string certificate_of(const World& world, const Nemesis& nemesis) {
    const std::size_t good = voters_whose_disks_are_good(world, nemesis).size();
    if (can_change_view(world, good)) return {};
    return fmt::format("only {} of {} disks are known to hold what they confirmed, {} are needed",
                       good,
                       world.voters(),
                       replica::Quorums::of(world.voters()).view_change);
}

void heal_machine(World& world, ReplicaId id) {
    id = to_heal(world, id);
    world.disk(id).heal();
    world.resume(id);
    world.set_clock_rate(id, 1000);
    for (std::size_t timer = 0; timer < timer_count; ++timer)
        world.set_timer_rate(id, static_cast<Timer>(timer), 1000);
    if (world.running(id)) return;
    // A machine whose disk refused something is not to be trusted: its cache may show what the disk
    // has not (fsync on Linux).
    if (!world.halted(id).empty()) world.power_cut(id);
    world.crash(id);
    world.start(id);
}

/// What is still wrong with a machine; empty: nothing.
std::string wrong_with(const World& world, ReplicaId id) {
    const World::Machine machine = world.machine(id);
    const Disk& disk = world.disk(id);
    std::string all;
    const auto note = [&all](bool wrong, std::string_view what) {
        if (wrong) all += fmt::format("{}{}", all.empty() ? "" : ", ", what);
    };
    note(!world.running(id), "is down");
    note(machine.paused, "is paused");
    note(machine.rate_permille != 1000, "has a clock of another rate");
    for (std::size_t timer = 0; timer < timer_count; ++timer)
        note(world.timer_rate(id, static_cast<Timer>(timer)) != 1000,
             "has a timer of another rate");
    note(disk.slowness() != 1, "has a slow disk");
    note(disk.full(), "has a full disk");
    note(disk.fails_next() || disk.misdirects_next() || disk.misreads_next(),
         "has a disk that is about to fail");
    return all;
}

bool calm_among(const World& world, const std::vector<Endpoint>& ends, const NetworkOptions& calm) {
    const Network& network = world.network();
    if (network.options() != calm || !network.rules().empty()) return false;
    for (const Endpoint from : ends) {
        for (const Endpoint to : ends) {
            if (!network.connected(from, to)) return false;
            if (is_client(from) || is_client(to)) continue;
            if (network.trouble(static_cast<ReplicaId>(from), static_cast<ReplicaId>(to)) !=
                LinkTrouble{})
                return false;
        }
    }
    return true;
}

/// Whether these, the clients and what is between them are as they were before anything was broken.
void audit_heal(World& world, const std::vector<ReplicaId>& healed, const NetworkOptions& calm) {
    std::vector<Endpoint> ends(healed.begin(), healed.end());
    for (std::size_t i = 0; i < world.client_count(); ++i)
        ends.push_back(world.client_endpoint(i));
    world.audits().judge(Audit::Heals, calm_among(world, ends, calm), [&] {
        return fmt::format("healed, the network among {} is not as it was", text(healed));
    });
    for (const ReplicaId id : healed) {
        const std::string wrong = wrong_with(world, id);
        world.audits().judge(
            Audit::Heals, wrong.empty(), [&] { return fmt::format("healed, n{} {}", id, wrong); });
    }
}

void freeze(Core& core, ReplicaId id, Rng& rng) {
    const std::array<std::pair<std::vector<ReplicaId>*, const char*>, 5> ways{
        {{&core.down, "down"},
         {&core.paused, "paused"},
         {&core.isolated, "cut off"},
         {&core.deaf, "deaf"},
         {&core.mute, "mute"}}};
    const auto& [list, word] = ways[rng.below(ways.size())];
    list->push_back(id);
    core.frozen += fmt::format("{}n{} is {}", core.frozen.empty() ? "" : ", ", id, word);
}

} // namespace

Core choose_core(const World& world, const Nemesis& nemesis, Rng rng) {
    std::vector<ReplicaId> good = voters_whose_disks_are_good(world, nemesis);
    // Where members come and go, all are needed to tell who is one.
    if (!can_change_view(world, good.size()) || members_change(world))
        return everybody(world, nemesis);
    rng.shuffle(std::span(good));
    const std::size_t least = replica::Quorums::of(world.voters()).view_change;
    good.resize(static_cast<std::size_t>(
        rng.between(static_cast<std::int64_t>(least), static_cast<std::int64_t>(good.size()))));
    Core core;
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        const bool needed = std::ranges::find(good, id) != good.end();
        const bool welcome = id > world.voters() || nemesis.damaged(id);
        if (needed || (welcome && rng.chance(1, 2))) {
            core.members.push_back(id);
        } else {
            freeze(core, id, rng);
        }
    }
    if (core.frozen.empty()) core.frozen = "nobody else is there";
    return core;
}

Core everybody(const World& world, const Nemesis& nemesis) {
    Core core;
    for (ReplicaId id = 1; id <= world.size(); ++id)
        core.members.push_back(id);
    core.frozen = "nobody else is there";
    core.certificate = certificate_of(world, nemesis);
    return core;
}

void heal_core(World& world, const Core& core, const NetworkOptions& calm) {
    Network& network = world.network();
    network.heal(calm);
    const auto silence = [&](ReplicaId id, bool hears, bool is_heard) {
        for (ReplicaId other = 1; other <= world.size(); ++other) {
            if (other == id) continue;
            if (!hears) network.cut_one_way(other, id);
            if (!is_heard) network.cut_one_way(id, other);
        }
    };
    for (const ReplicaId id : core.members)
        heal_machine(world, id);
    audit_heal(world, core.members, calm);
    for (const ReplicaId id : core.down)
        world.crash(id);
    for (const ReplicaId id : core.paused)
        world.pause(id);
    for (const ReplicaId id : core.isolated)
        silence(id, false, false);
    for (const ReplicaId id : core.deaf)
        silence(id, false, true);
    for (const ReplicaId id : core.mute)
        silence(id, true, false);
}

void heal_all(World& world, const NetworkOptions& calm) {
    world.network().heal(calm);
    std::vector<ReplicaId> all;
    for (ReplicaId id = 1; id <= world.size(); ++id)
        all.push_back(id);
    for (const ReplicaId id : all)
        heal_machine(world, id);
    audit_heal(world, all, calm);
}

} // namespace faultlab::simulator
