#include "tests/unit/replica_protocol/cluster.hpp"

namespace faultlab::simulator {

TEST_CASE("The next voter takes over from a dead primary", "[replica_protocol]") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        World world({.seed = seed});
        write_some(world, 0, 3);
        world.crash(1);
        REQUIRE(elects(world, 2));
        CHECK(world.call(0, read_op(0))->value == Value(2));
        write_some(world, 0, 2);
        world.start(1);
        settle(world);
        check_sound(world);
        CHECK(world.primary() == 2);
        CHECK(world.telemetry(2).view == View::of(0, 1));
    }
}

TEST_CASE("A view whose primary is dead too is left for the next", "[replica_protocol]") {
    World world({.voters = 5});
    write_some(world, 0, 3);
    world.crash(1);
    world.crash(2);
    REQUIRE(elects(world, 3));
    CHECK(world.call(0, read_op(0))->value == Value(2));
    check_sound(world);
}

TEST_CASE("A primary that is cut off commits nothing, and its entries give way",
          "[replica_protocol]") {
    World world({.clients = 2});
    write_some(world, 0, 3);
    open_session(world, 1);
    isolate(world, {1});
    attach(world, 0, {1});
    world.client(0).submit(write_op(0, "lost"));
    CHECK_FALSE(world.run_until([&] { return world.client(0).idle(); }, 300 * ms));
    REQUIRE(leads(world, 2));
    attach(world, 1, {2, 3});
    REQUIRE(world.call(1, write_op(0, "kept")).has_value());
    const Op head = world.telemetry(2).head;
    CHECK(world.telemetry(1).head >= head); // its own entry stands where the new one is
    CHECK(world.telemetry(1).head_checksum != world.telemetry(2).head_checksum);
    world.network().heal_cuts();
    settle(world);
    CHECK(world.monitors().count(1, EventKind::Truncated) > 0);
    CHECK(world.run_until([&] { return world.client(0).idle(); }, 2 * s));
    CHECK(world.call(1, read_op(0))->value == Value("lost")); // sent again, after the other
    check_sound(world);
}

TEST_CASE("What one backup acknowledged survives the primary", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 2);
    isolate(world, {3});
    REQUIRE(world.call(0, write_op(0, "precious")).has_value());
    world.crash(1);
    world.network().heal_cuts();
    REQUIRE(elects(world, 2));
    CHECK(world.call(0, read_op(0))->value == Value("precious"));
    check_sound(world);
}

TEST_CASE("The longest log of the newest view wins wherever it is", "[replica_protocol]") {
    // Replica 3 has the op; 2, which leads the next view, has not.
    World world({});
    write_some(world, 0, 2);
    isolate(world, {2});
    REQUIRE(world.call(0, write_op(0, "precious")).has_value());
    world.crash(1);
    world.network().heal_cuts();
    REQUIRE(world.run_until([&] { return world.primary().has_value(); }, 3 * s));
    CHECK(world.call(0, read_op(0))->value == Value("precious"));
    check_sound(world);
}

TEST_CASE("A primary that cannot hear gives up", "[replica_protocol]") {
    World world({.clients = 2});
    write_some(world, 0, 2);
    world.network().cut_one_way(2, 1);
    world.network().cut_one_way(3, 1);
    REQUIRE(world.run_until([&] { return world.telemetry(2).view > View{}; }, 3 * s));
    CHECK(world.monitors().count(1, EventKind::Abdicated) == 1);
    REQUIRE(world.call(1, read_op(0), 3 * s).has_value());
    world.network().heal_cuts();
    settle(world);
    check_sound(world);
}

TEST_CASE("One that hears nobody deposes nobody", "[replica_protocol]") {
    World world({});
    write_some(world, 0, 2);
    world.network().cut_one_way(1, 3);
    world.network().cut_one_way(2, 3);
    world.run_for(2 * s);
    write_some(world, 0, 2);
    CHECK(world.telemetry(1).view == View{});
    CHECK(world.primary() == 1);
    world.network().heal_cuts();
    settle(world);
    CHECK(world.telemetry(1).view == View{});
    check_sound(world);
}

TEST_CASE("Every message of a view change comes twice, much later", "[replica_protocol]") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        World world({.seed = seed});
        write_some(world, 0, 3);
        const auto copies = world.network().copy_if(
            [](const Packet& packet) { return !is_client(packet.from) && !is_client(packet.to); });
        world.crash(1);
        REQUIRE(elects(world, 2));
        write_some(world, 0, 3);
        world.start(1);
        settle(world);
        world.network().replay(copies);
        write_some(world, 0, 3);
        world.crash(2);
        REQUIRE(elects(world, 3));
        world.network().replay(copies);
        write_some(world, 0, 3);
        world.start(2);
        world.network().replay(copies);
        world.network().remove(copies);
        settle(world);
        check_sound(world);
    }
}

TEST_CASE("Crashes at every moment of a view change leave it possible", "[replica_protocol]") {
    for (Nanos moment = 0; moment < 40 * ms; moment += 1 * ms) {
        World world({.seed = static_cast<std::uint64_t>(moment)});
        write_some(world, 0, 3);
        world.crash(1);
        // From the first word of a change on.
        const auto wishes = world.network().copy_if(is(Command::StartViewChange));
        REQUIRE(world.run_until([&] { return world.network().hits(wishes) > 0; }, 1 * s));
        world.run_for(moment);
        world.power_cut(2);
        world.start(2);
        write_some(world, 0, 1);
        world.start(1);
        settle(world);
        check_sound(world);
    }
}

TEST_CASE("A cluster that is split and joined again and again agrees", "[replica_protocol]") {
    World world({.voters = 5, .clients = 3});
    for (std::uint32_t i = 0; i < 3; ++i) {
        world.client(i).set_workload(registers(2, i));
    }
    for (int round = 0; round < 10; ++round) {
        const auto a = static_cast<ReplicaId>(1 + round % 5);
        const auto b = static_cast<ReplicaId>(1 + (round * 2 + 1) % 5);
        isolate(world, {a, b});
        world.run_for(300 * ms);
        world.network().heal_cuts();
        world.run_for(100 * ms);
    }
    for (std::uint32_t i = 0; i < 3; ++i) {
        CHECK(world.client(i).completed() > 50);
        world.client(i).set_workload({});
    }
    settle(world);
    check_sound(world);
}

} // namespace faultlab::simulator
