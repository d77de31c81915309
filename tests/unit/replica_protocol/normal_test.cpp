#include "tests/unit/replica_protocol/cluster.hpp"

namespace faultlab::simulator {
namespace {

Operation add_op(Value key, std::int64_t delta) {
    return {.code = OpCode::Add, .key = std::move(key), .value = Value(delta)};
}

std::int64_t counter(World& world, std::size_t client) {
    const auto result = world.call(client, read_op("counter"));
    REQUIRE(result.has_value());
    const std::int64_t* number = result->value.integer();
    return number == nullptr ? 0 : *number;
}

} // namespace

TEST_CASE("Clusters of every size answer and agree", "[replica_protocol]") {
    for (std::uint8_t voters = 1; voters <= 7; ++voters) {
        CAPTURE(static_cast<int>(voters));
        World world({.seed = voters, .voters = voters});
        write_some(world, 0, 3);
        CHECK(world.call(0, read_op(0))->value == Value(2));
        CHECK(world.call(0, cas_op(0, 2, 9))->outcome == Outcome::Ok);
        CHECK(world.call(0, cas_op(0, 2, 7))->outcome == Outcome::CompareFailed);
        CHECK(world.call(0, read_op(0))->value == Value(9));
        settle(world);
        check_sound(world);
        CHECK(world.primary() == 1);
        CHECK(world.telemetry(1).commit_min == 8); // a registration and seven operations
    }
}

TEST_CASE("Many clients at once keep one order", "[replica_protocol]") {
    World world({.voters = 5, .standbys = 1, .clients = 5});
    for (std::uint32_t i = 0; i < 5; ++i) {
        world.client(i).set_workload(registers(2, i));
    }
    world.run_for(1 * s);
    for (std::uint32_t i = 0; i < 5; ++i) {
        CHECK(world.client(i).completed() > 50);
        world.client(i).set_workload({});
    }
    settle(world);
    check_sound(world);
    // Nothing gave a reason to leave the first view.
    CHECK(world.telemetry(1).view == View{});
}

TEST_CASE("A seed is a run: every effect is the same", "[replica_protocol]") {
    const auto run = [](std::uint64_t seed) {
        World world({.seed = seed, .clients = 3, .network = {.loss_permille = 50}});
        for (std::uint32_t i = 0; i < 3; ++i) {
            world.client(i).set_workload(registers(2, i));
        }
        world.run_for(200 * ms);
        world.power_cut(1);
        world.run_for(300 * ms);
        world.start(1);
        world.run_for(300 * ms);
        return std::tuple(world.effects(1), world.effects(2), world.effects(3), world.events());
    };
    CHECK(run(7) == run(7));
    CHECK(run(7) != run(8));
}

TEST_CASE("Lost messages are sent again", "[replica_protocol]") {
    World world({.clients = 2, .network = {.loss_permille = 200}});
    write_some(world, 0, 20);
    write_some(world, 1, 20);
    world.network().options().loss_permille = 0;
    settle(world);
    check_sound(world);
}

TEST_CASE("Duplicates and disorder change nothing", "[replica_protocol]") {
    World world({.clients = 3,
                 .network = {.delay_max = 8 * ms, .duplicate_permille = 1000, .reorder = true}});
    for (int i = 0; i < 15; ++i) {
        for (std::size_t client = 0; client < 3; ++client) {
            world.client(client).submit(add_op("counter", 1));
        }
    }
    CHECK(world.run_until(
        [&] { return world.client(0).idle() && world.client(1).idle() && world.client(2).idle(); },
        10 * s));
    CHECK(counter(world, 0) == 45);
    settle(world);
    check_sound(world);
}

TEST_CASE("A request whose reply is lost is answered again, not done again", "[replica_protocol]") {
    World world({});
    open_session(world, 0);
    const auto lost = world.network().drop_if(is(Command::Reply));
    world.client(0).submit(add_op("counter", 5));
    world.run_for(300 * ms);
    CHECK(world.network().hits(lost) > 1);
    world.network().remove(lost);
    CHECK(world.run_until([&] { return world.client(0).idle(); }, 1 * s));
    CHECK(world.client(0).result()->value == Value(5));
    CHECK(counter(world, 0) == 5);
    check_sound(world);
}

TEST_CASE("A client that asks a backup is sent to the primary", "[replica_protocol]") {
    World world({});
    settle(world);
    world.client(0).ask(3);
    const Nanos before = world.now();
    write_some(world, 0, 1);
    CHECK(world.now() - before < 50 * ms); // not by its time-out
}

TEST_CASE("A backup fetches what it missed", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 2);
    const auto gap = world.network().drop_if(is(Command::Prepare) && to(3));
    write_some(world, 0, 4);
    CHECK(world.network().hits(gap) >= 4);
    world.network().remove(gap);
    settle(world);
    check_sound(world);
    CHECK(world.telemetry(1).view == View{});
}

TEST_CASE("More than admitted is refused before it takes an op", "[replica_protocol]") {
    World world({.clients = 6, .admission = {.rate = 50, .burst = 2}});
    for (std::uint32_t i = 0; i < 6; ++i) {
        world.client(i).set_workload(registers(2, i));
    }
    world.run_for(2 * s);
    std::uint64_t busy = 0;
    std::size_t completed = 0;
    for (std::uint32_t i = 0; i < 6; ++i) {
        busy += world.client(i).busy();
        completed += world.client(i).completed();
    }
    CHECK(busy > 20);
    CHECK(completed > 50);
    CHECK(completed < 110);
    CHECK(world.telemetry(1).busy_rate == busy);
    check_sound(world);
}

TEST_CASE("The oldest session makes room for a new one, the same everywhere",
          "[replica_protocol]") {
    World world({.clients = 12});
    for (std::uint32_t i = 0; i < 12; ++i) {
        world.client(i).set_workload(registers(2, i));
    }
    world.run_for(1 * s);
    std::uint64_t evicted = 0;
    for (std::uint32_t i = 0; i < 12; ++i) {
        evicted += world.client(i).evicted();
        world.client(i).set_workload({});
    }
    CHECK(evicted > 0);
    settle(world);
    CHECK(world.telemetry(1).sessions == 8);
    CHECK(world.telemetry(1).evictions == world.telemetry(2).evictions);
    check_sound(world);
}

TEST_CASE("A standby follows the log and counts for nothing", "[replica_protocol]") {
    World world({.standbys = 2});
    write_some(world, 0, 3);
    settle(world);
    CHECK(world.telemetry(4).role == Role::Standby);
    CHECK(world.telemetry(4).commit_min == world.telemetry(1).commit_min);
    world.crash(2);
    world.crash(3);
    CHECK_FALSE(world.call(0, write_op(0, "alone"), 1 * s).has_value());
    world.start(2);
    CHECK(world.run_until([&] { return world.client(0).idle(); }, 3 * s));
    check_sound(world);
}

} // namespace faultlab::simulator
