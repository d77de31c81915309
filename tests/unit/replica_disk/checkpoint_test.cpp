#include "replica/core/layout.hpp"
#include "tests/unit/replica_protocol/cluster.hpp"

namespace faultlab::simulator {
namespace {

/// Snapshots of many chunks.
WorldOptions large_state() {
    WorldOptions options;
    options.limits = small_limits();
    options.limits.entries = 512;
    options.limits.value_blocks = 2048;
    return options;
}

/// Gives every one of `keys` keys a value of 220 bytes.
void fill(World& world, std::int64_t keys) {
    for (std::int64_t key = 0; key < keys; ++key) {
        const auto result = world.call(0, write_op(Value(key), Value(std::string(220, 'a'))));
        REQUIRE(result.has_value());
        REQUIRE(result->outcome == Outcome::Ok);
    }
}

/// Separates 3 until what it lacks is in nobody's ring any more.
void leave_behind(World& world, std::int64_t keys) {
    open_session(world, 0);
    settle(world);
    isolate(world, {3});
    attach(world, 0, {1, 2});
    fill(world, keys);
    REQUIRE(world.telemetry(1).checkpoint > world.telemetry(3).head + 4);
}

/// Of all chunks in the world's snapshots of this replica, bytes of its superblock's area.
void rot_snapshots(World& world, ReplicaId id) {
    for (std::uint32_t area = 0; area < 2; ++area) {
        world.disk(id).rot(Zone::Snapshot,
                           area * area_bytes(world.limits()) + manifest_bytes(world.limits()),
                           sector_bytes);
    }
}

} // namespace

TEST_CASE("checkpoints of equal ops are equal on all replicas", "[replica_disk]") {
    World world({.clients = 2});
    write_some(world, 0, 40);
    settle(world);
    CHECK(world.telemetry(1).checkpoint >= 36);
    for (const ReplicaId id : ids({2, 3})) {
        CHECK(world.telemetry(id).checkpoint == world.telemetry(1).checkpoint);
        CHECK(world.telemetry(id).checkpoint_id == world.telemetry(1).checkpoint_id);
    }
    check_sound(world);
}

TEST_CASE("a cluster that lost its power goes on from its checkpoints", "[replica_disk]") {
    const auto voters = static_cast<std::uint8_t>(GENERATE(1, 3));
    World world({.voters = voters});
    write_some(world, 0, 45);
    settle(world);
    const Telemetry before = world.telemetry(1);
    for (ReplicaId id = 1; id <= voters; ++id) {
        world.power_cut(id);
        world.start(id);
    }
    settle(world);
    CHECK(world.telemetry(1).checkpoint == before.checkpoint);
    CHECK(world.telemetry(1).commit_min >= before.commit_min);
    CHECK(world.call(0, read_op(0))->value == Value(44));
    check_sound(world);
}

TEST_CASE("who was away for longer than a log fetches a checkpoint", "[replica_disk]") {
    World world(large_state());
    leave_behind(world, 120);
    world.network().heal_cuts();
    settle(world);
    CHECK(world.replica(3)->log(40) == nullptr); // it never had the entry
    CHECK(world.telemetry(3).sync_failures == 0);
    CHECK(world.telemetry(3).entries == world.telemetry(1).entries);
    check_sound(world);
}

TEST_CASE("a standby that was away fetches a checkpoint too", "[replica_disk]") {
    WorldOptions options = large_state();
    options.voters = 1;
    options.standbys = 2;
    World world(options);
    leave_behind(world, 60);
    world.network().heal_cuts();
    settle(world);
    CHECK(world.replica(3)->log(30) == nullptr);
    check_sound(world);
}

TEST_CASE("a fetch goes on after a restart with the chunks that are there", "[replica_disk]") {
    World world(large_state());
    leave_behind(world, 120);
    world.network().heal_cuts();
    const auto fetched = [&](std::uint64_t chunks) {
        return [&world, chunks] { return world.telemetry(3).sync_chunks_done >= chunks; };
    };
    const auto stopped = world.network().drop_if([](const Packet& packet) {
        return packet.header.command == Command::Snapshot && packet.header.from >= 4;
    });
    REQUIRE(world.run_until(fetched(4), 2 * s));
    world.run_for(20 * ms); // they are on the disk
    CHECK(world.telemetry(3).sync_chunks > 6);
    world.crash(3);
    const auto first_again = world.network().drop_if([](const Packet& packet) {
        return packet.header.command == Command::Snapshot && packet.header.flags == 0;
    });
    world.start(3);
    CHECK(world.run_until(fetched(4), 2 * s));
    world.network().remove(stopped);
    world.network().remove(first_again);
    settle(world);
    check_sound(world);
}

TEST_CASE("a donor that stops is left for another", "[replica_disk]") {
    World world(large_state());
    leave_behind(world, 120);
    const ReplicaId dumb = GENERATE(ReplicaId{1}, ReplicaId{2});
    const auto silent = world.network().drop_if(is(Command::Snapshot) && from(dumb));
    world.network().heal_cuts();
    settle(world);
    CHECK(world.telemetry(3).sync_failures == (world.network().hits(silent) > 0 ? 1 : 0));
    check_sound(world);
}

TEST_CASE("a damaged snapshot is fetched from others, and the log stays", "[replica_disk]") {
    World world(large_state());
    fill(world, 60);
    settle(world);
    world.crash(2);
    rot_snapshots(world, 2);
    world.start(2);
    settle(world);
    CHECK(world.telemetry(2).head == world.telemetry(1).head);
    check_sound(world);
    world.crash(2);
    world.start(2); // and it is whole on the disk
    REQUIRE(world.run_until([&] { return world.status(2) == Status::Normal; }, 1 * s));
    CHECK(world.telemetry(2).sync_target == 0);
}

TEST_CASE("all snapshots but one may rot", "[replica_disk]") {
    World world(large_state());
    fill(world, 60);
    settle(world);
    for (const ReplicaId id : ids({1, 2})) {
        world.crash(id);
        rot_snapshots(world, id);
        world.start(id);
    }
    settle(world);
    check_sound(world);
}

TEST_CASE("no entry is prepared before a checkpoint makes room", "[replica_disk]") {
    World world({.clients = 4});
    write_some(world, 0, 4);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.disk(id).stall(Zone::Snapshot, world.now() + 2 * s);
    }
    for (std::uint32_t i = 0; i < 4; ++i) {
        world.client(i).set_workload(registers(2, i));
    }
    world.run_for(1 * s);
    CHECK(world.telemetry(1).checkpoint == 0);
    CHECK(world.telemetry(1).head <= world.limits().slots);
    for (std::uint32_t i = 0; i < 4; ++i) {
        world.client(i).set_workload({});
    }
    world.run_for(2 * s);
    settle(world);
    CHECK(world.telemetry(1).checkpoint > 0);
    check_sound(world);
}

TEST_CASE("the scrubber finds rot before anybody needs the bytes", "[replica_disk]") {
    World world(large_state());
    fill(world, 40);
    settle(world);
    world.run_for(50 * ms); // its headers are on the disk
    const Op head = world.telemetry(2).head;
    const Limits& limits = world.limits();
    world.disk(2).rot(Zone::Prepares, head % limits.slots * limits.message_bytes, sector_bytes);
    world.disk(2).rot(Zone::Headers, 0, sector_bytes);
    rot_snapshots(world, 2);
    const auto tour = [&] { return world.telemetry(2).scrub_tours >= 3; };
    REQUIRE(world.run_until(tour, 20 * s));
    world.run_for(1 * s);
    CHECK(world.telemetry(2).scrub_found == 3);
    CHECK(world.telemetry(1).scrub_found == 0);
    CHECK(world.telemetry(2).faulty_slots == 0);
    world.crash(2);
    world.start(2);
    settle(world);
    CHECK(world.telemetry(2).sync_target == 0);
    check_sound(world);
}

TEST_CASE("a lost disk is filled again although the rings begin later", "[replica_disk]") {
    World world(large_state());
    fill(world, 80);
    settle(world);
    world.power_cut(2);
    world.start_blank(2);
    settle(world);
    CHECK(world.telemetry(2).checkpoint == world.telemetry(1).checkpoint);
    check_sound(world);
}

} // namespace faultlab::simulator
