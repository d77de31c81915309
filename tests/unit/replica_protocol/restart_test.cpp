#include "replica/core/superblock.hpp"
#include "tests/unit/replica_protocol/cluster.hpp"

namespace faultlab::simulator {
namespace {

/// Rots the entry of this op on the replica's disk. Requires: both rings hold it.
void rot_entry(World& world, ReplicaId id, Op op) {
    const Limits& limits = world.limits();
    world.disk(id).rot(Zone::Prepares, op % limits.slots * limits.message_bytes, sizeof(Header));
}

/// And its header, so that nothing names it.
void rot_both(World& world, ReplicaId id, Op op) {
    rot_entry(world, id, op);
    world.disk(id).rot(Zone::Headers, op % world.limits().slots * sizeof(Header), sizeof(Header));
}

} // namespace

TEST_CASE("Each replica comes back to where it was", "[replica_protocol]") {
    for (const ReplicaId id : ids({1, 2, 3})) {
        for (const bool power : {false, true}) {
            World world({});
            write_some(world, 0, 5);
            settle(world);
            const Op head = world.telemetry(id).head;
            if (power) {
                world.power_cut(id);
            } else {
                world.crash(id);
            }
            world.start(id);
            settle(world);
            CHECK(world.telemetry(id).head >= head);
            write_some(world, 0, 2);
            settle(world);
            check_sound(world);
        }
    }
}

TEST_CASE("All at once come back", "[replica_protocol]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world({.seed = seed, .clients = 3});
        for (std::uint32_t i = 0; i < 3; ++i) {
            world.client(i).set_workload(registers(2, i));
        }
        for (int round = 0; round < 3; ++round) {
            world.run_for(200 * ms);
            for (const ReplicaId id : ids({1, 2, 3})) {
                world.power_cut(id);
                world.start(id);
            }
        }
        world.run_for(500 * ms);
        for (std::uint32_t i = 0; i < 3; ++i) {
            world.client(i).set_workload({});
        }
        settle(world);
        write_some(world, 0, 1);
        check_sound(world);
    }
}

TEST_CASE("One alone remembers what it answered", "[replica_protocol]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world({.seed = seed, .voters = 1});
        for (int round = 0; round < 4; ++round) {
            REQUIRE(world.call(0, write_op(0, round)).has_value());
            world.power_cut(1);
            world.start(1);
            REQUIRE(world.call(0, read_op(0))->value == Value(round));
        }
        check_sound(world);
    }
}

TEST_CASE("The rings wrap and the checkpoints keep what they drop", "[replica_protocol]") {
    World world({.clients = 2});
    write_some(world, 0, 120);
    REQUIRE(world.call(1, write_op("other", 1)).has_value());
    settle(world);
    CHECK(world.telemetry(1).checkpoint >= 108);
    CHECK(world.monitors().count(2, EventKind::Checkpointed) >= 9);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.power_cut(id);
    }
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.start(id);
    }
    CHECK(world.call(0, read_op(0))->value == Value(119));
    CHECK(world.call(1, read_op("other"))->value == Value(1));
    settle(world);
    check_sound(world);
}

TEST_CASE("One that is behind everybody's log fetches a snapshot", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 5);
    world.crash(3);
    write_some(world, 0, 80);
    world.start(3);
    settle(world);
    CHECK(world.monitors().count(3, EventKind::SyncDone) == 1);
    CHECK(world.telemetry(3).checkpoint > 60);
    // It has all that it needs to go on without the donor.
    world.crash(1);
    write_some(world, 0, 3);
    check_sound(world);
}

TEST_CASE("A sync goes on after crashes of either side", "[replica_protocol]") {
    for (Nanos moment = 0; moment < 60 * ms; moment += 3 * ms) {
        World world({.seed = static_cast<std::uint64_t>(moment)});
        world.crash(3);
        write_some(world, 0, 80);
        world.start(3);
        REQUIRE(world.run_until(
            [&] { return world.monitors().count(3, EventKind::SyncStarted) > 0; }, 2 * s));
        world.run_for(moment);
        const ReplicaId dying = moment % 2 == 0 ? ReplicaId{3} : ReplicaId{1};
        world.power_cut(dying);
        world.run_for(20 * ms);
        world.start(dying);
        write_some(world, 0, 2);
        settle(world);
        check_sound(world);
    }
}

TEST_CASE("Bad entries are found at start and fetched", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 10);
    settle(world);
    world.run_for(50 * ms); // headers are durable
    world.crash(2);
    for (const Op op : {3, 4, 7}) {
        rot_entry(world, 2, op);
    }
    world.start(2);
    settle(world);
    CHECK(world.monitors().count(2, EventKind::Repaired) == 3);
    CHECK(world.telemetry(2).faulty_slots == 0);
    // And they are on the disk again.
    world.power_cut(2);
    world.start(2);
    settle(world);
    CHECK(world.monitors().count(2, EventKind::Repaired) == 3);
    check_sound(world);
}

TEST_CASE("A bad entry that nobody's log holds any more comes with a snapshot",
          "[replica_protocol]") {
    World world({});
    write_some(world, 0, 9);
    settle(world);
    world.run_for(50 * ms);
    world.crash(3);
    rot_entry(world, 3, 2);
    // It can fetch what is missing up to where its ring is full, beyond the others' checkpoint.
    const Op full = world.limits().slots;
    while (world.telemetry(1).head < full + 3) {
        write_some(world, 0, 1);
    }
    REQUIRE(world.telemetry(1).checkpoint <= full);
    world.start(3);
    settle(world);
    CHECK(world.monitors().count(3, EventKind::SyncDone) == 1);
    check_sound(world);
}

TEST_CASE("A replica whose newest entry is bad waits to be told", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 6);
    isolate(world, {3});
    write_some(world, 0, 1);
    world.run_for(50 * ms);
    const Op head = world.telemetry(2).head;
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.crash(id);
    }
    world.network().heal_cuts();
    rot_both(world, 2, head);
    world.start(2);
    world.start(3);
    // What 2 cannot name may be committed, and 3 does not have it.
    world.run_for(1 * s);
    CHECK(world.status(2) == Status::RecoveringHead);
    CHECK_FALSE(world.primary().has_value());
    world.start(1);
    settle(world);
    CHECK(world.telemetry(2).head >= head);
    check_sound(world);
}

TEST_CASE("Replicas whose newest entry is bad elect with those who have it", "[replica_protocol]") {
    for (const std::uint8_t voters : ids({3, 4, 5, 6, 7})) {
        CAPTURE(int{voters});
        World world({.voters = voters});
        write_some(world, 0, 6);
        settle(world);
        world.run_for(50 * ms);
        const Op head = world.telemetry(1).head;
        for (ReplicaId id = 1; id <= voters; ++id) {
            world.crash(id);
        }
        // The last half of them; the first primary has restarted, and leaves its view.
        for (auto id = static_cast<ReplicaId>(voters - voters / 2 + 1); id <= voters; ++id) {
            rot_both(world, id, head);
        }
        for (ReplicaId id = 1; id <= voters; ++id) {
            world.start(id);
        }
        settle(world);
        CHECK(world.telemetry(1).head >= head);
        CHECK(world.call(0, read_op(0))->value == Value(5));
        check_sound(world);
    }
}

TEST_CASE("The scrubber finds what rots while nobody reads it", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 10);
    settle(world);
    world.run_for(50 * ms);
    rot_entry(world, 1, 4);
    rot_entry(world, 3, 5);
    CHECK(world.run_until(
        [&] { return world.telemetry(1).scrub_found == 1 && world.telemetry(3).scrub_found == 1; },
        5 * s));
    world.run_for(100 * ms);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.power_cut(id);
        world.start(id);
    }
    settle(world);
    CHECK(world.monitors().count(EventKind::Repaired) <= 2); // none at the start
    check_sound(world);
}

TEST_CASE("Half of the superblock's copies may rot", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 10);
    settle(world);
    world.crash(2);
    world.disk(2).rot(Zone::Superblock, superblock_bytes, 2 * superblock_bytes);
    world.start(2);
    settle(world);
    check_sound(world);
}

TEST_CASE("A lost disk is made good by the others", "[replica_protocol]") {
    for (const int writes : {0, 5, 80}) {
        CAPTURE(writes);
        World world({});
        write_some(world, 0, writes);
        world.crash(2);
        world.start_blank(2);
        settle(world);
        world.crash(1);
        REQUIRE(world.run_until([&] { return world.primary().has_value(); }, 3 * s));
        REQUIRE(world.call(0, write_op(0, "after")).has_value());
        world.start(1);
        settle(world);
        check_sound(world);
    }
}

TEST_CASE("A write that fails stops the replica, and a start on the same disk mends it",
          "[replica_protocol]") {
    for (const Zone zone : {Zone::Superblock, Zone::Headers, Zone::Prepares}) {
        for (const auto operation : {Disk::Operation::Write, Disk::Operation::Sync}) {
            CAPTURE(name(zone));
            World world({});
            write_some(world, 0, 3);
            settle(world);
            world.disk(2).fail_next(zone, operation);
            if (zone == Zone::Superblock) world.crash(1); // a view change writes it
            world.client(0).submit(write_op(0, "x"));
            CHECK(world.run_until([&] { return !world.halted(2).empty(); }, 1 * s));
            world.power_cut(2);
            world.start(2);
            if (!world.running(1)) world.start(1);
            settle(world);
            CHECK(world.run_until([&] { return world.client(0).idle(); }, 2 * s));
            check_sound(world);
        }
    }
}

TEST_CASE("A full disk stops a replica until there is room", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 3);
    world.disk(1).set_full(true);
    REQUIRE(world.call(0, write_op(0, "x")).has_value());
    CHECK_FALSE(world.halted(1).empty());
    world.disk(1).set_full(false);
    world.crash(1);
    world.start(1);
    settle(world);
    check_sound(world);
}

TEST_CASE("A misdirected prepare is known for what it is", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 8);
    settle(world);
    world.run_for(50 * ms);
    const Limits& limits = world.limits();
    world.disk(2).misdirect_next(Zone::Prepares, 3 * limits.message_bytes);
    write_some(world, 0, 1);
    world.run_for(50 * ms);
    world.crash(2);
    world.start(2);
    settle(world);
    CHECK(world.monitors().count(2, EventKind::Repaired) >= 1);
    check_sound(world);
}

} // namespace faultlab::simulator
