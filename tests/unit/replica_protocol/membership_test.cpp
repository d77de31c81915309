#include "tests/unit/replica_protocol/cluster.hpp"

namespace faultlab::simulator {
namespace {

Outcome change(World& world, std::size_t client, Operation operation) {
    const auto result = world.call(client, std::move(operation));
    INFO(world.describe());
    REQUIRE(result.has_value());
    return result->outcome;
}

bool in_epoch(const World& world, ReplicaId id, std::uint32_t epoch) {
    return world.telemetry(id).membership.epoch == epoch;
}

} // namespace

TEST_CASE("Three become five, and two of the five may fail", "[replica_protocol]") {
    World world({.standbys = 2});
    write_some(world, 0, 3);
    settle(world);
    CHECK(change(world, 0, reconfigure(1, {1, 2, 3, 4, 5})) == Outcome::Ok);
    settle(world);
    for (const ReplicaId id : ids({1, 2, 3, 4, 5})) {
        CHECK(in_epoch(world, id, 1));
        CHECK(world.telemetry(id).role != Role::Standby);
    }
    world.crash(1);
    world.crash(2);
    write_some(world, 0, 3);
    check_sound(world);
}

TEST_CASE("A primary that is voted out retires, and serves whoever is behind",
          "[replica_protocol]") {
    World world({.voters = 5});
    write_some(world, 0, 3);
    settle(world);
    CHECK(change(world, 0, reconfigure(1, {2, 3, 4})) == Outcome::Ok);
    world.client(0).set_targets({2, 3, 4});
    write_some(world, 0, 3);
    CHECK(world.run_until(
        [&] { return world.status(1) == Status::Retired && world.status(5) == Status::Retired; },
        2 * s));
    settle(world);
    // Neither has a say: they restart, and nothing changes.
    const View view = world.telemetry(2).view;
    world.crash(1);
    world.start(1);
    world.run_for(1 * s);
    CHECK(world.telemetry(2).view == view);
    write_some(world, 0, 2);
    check_sound(world);
}

TEST_CASE("A joiner listens first and votes when it has caught up", "[replica_protocol]") {
    World world({.joiners = 1});
    write_some(world, 0, 10);
    CHECK(change(world, 0, reconfigure(1, {1, 2, 3, 4})) == Outcome::Refused);
    CHECK(change(world, 0, reconfigure(1, {1, 2, 3}, {4})) == Outcome::Ok);
    CHECK(world.run_until(
        [&] { return world.telemetry(4).commit_min == world.telemetry(1).commit_min; }, 3 * s));
    CHECK(world.telemetry(4).role == Role::Standby);
    CHECK(change(world, 0, reconfigure(1, {1, 2, 3, 4})) == Outcome::Refused); // epoch 1 is here
    settle(world);
    world.run_for(50 * ms); // until the primary has heard of it
    CHECK(change(world, 0, reconfigure(2, {1, 2, 3, 4})) == Outcome::Ok);
    settle(world);
    CHECK(in_epoch(world, 4, 2));
    check_sound(world);
}

TEST_CASE("A membership changes while the primary dies", "[replica_protocol]") {
    for (Nanos moment = 0; moment < 12 * ms; moment += 500'000) {
        World world({.seed = static_cast<std::uint64_t>(moment), .standbys = 2, .clients = 2});
        write_some(world, 0, 3);
        write_some(world, 1, 1);
        settle(world);
        world.client(0).submit(reconfigure(1, {2, 3, 4, 5}));
        world.client(1).set_workload(registers(2, 1));
        world.client(0).set_targets({1, 2, 3, 4, 5});
        world.client(1).set_targets({1, 2, 3, 4, 5});
        world.run_for(moment);
        world.power_cut(1);
        world.run_for(500 * ms);
        world.start(1);
        world.client(1).set_workload({});
        CHECK(world.run_until([&] { return world.client(0).idle() && world.client(1).idle(); },
                              5 * s));
        settle(world);
        check_sound(world);
    }
}

TEST_CASE("Who slept through two epochs finds its place", "[replica_protocol]") {
    World world({.standbys = 2});
    write_some(world, 0, 3);
    settle(world);
    world.crash(3);
    world.crash(5);
    CHECK(change(world, 0, reconfigure(1, {1, 2, 3, 4}, {5})) == Outcome::Ok);
    world.client(0).set_targets({1, 2, 3, 4});
    write_some(world, 0, 2);
    CHECK(change(world, 0, reconfigure(2, {1, 2, 4}, {3})) == Outcome::Ok);
    write_some(world, 0, 2);
    world.start(3);
    world.start(5);
    CHECK(world.run_until([&] { return in_epoch(world, 3, 2); }, 3 * s));
    CHECK(world.run_until([&] { return world.status(5) == Status::Retired; }, 3 * s));
    settle(world);
    CHECK(world.telemetry(3).role == Role::Standby);
    CHECK(world.telemetry(3).commit_min == world.telemetry(1).commit_min);
    check_sound(world);
}

TEST_CASE("An upgrade waits for programs that can, and binds who comes after",
          "[replica_protocol]") {
    World world({.clients = 2, .release = 1});
    write_some(world, 0, 3);
    settle(world);
    const Operation upgrade{.code = OpCode::Upgrade, .release = 2};
    CHECK(change(world, 0, upgrade) == Outcome::Refused);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.crash(id);
        world.start(id, 2);
        settle(world);
        // A program of release 1 can still come back.
        if (id == 2) {
            world.crash(id);
            world.start(id, 1);
            settle(world);
            world.crash(id);
            world.start(id, 2);
            settle(world);
        }
    }
    world.run_for(200 * ms); // pings tell what each can
    world.client(0).submit(upgrade);
    world.client(1).set_workload(registers(2, 1)); // moves the log on to the next checkpoint
    CHECK(world.run_until([&] { return world.client(0).idle(); }, 5 * s));
    CHECK(world.client(0).result()->outcome == Outcome::Ok);
    world.run_for(100 * ms);
    world.client(1).set_workload({});
    settle(world);
    for (const ReplicaId id : ids({1, 2, 3})) {
        CHECK(world.telemetry(id).release_active == 2);
    }
    check_sound(world);
}

} // namespace faultlab::simulator
