#include "tests/unit/replica_protocol/cluster.hpp"

using namespace faultlab::replica;
using namespace faultlab::simulator;

// Five replicas, primary 1. Replica 5 alone hears that 3 and 4 want view 1, enters it, votes for it
// to 2, and loses its disk. Nobody that it asks has entered view 1, so it comes back in view 0 and
// acknowledges a write there. Its vote lies at 2, from before the write: with 3, which has not got
// the write either, it made a quorum, and view 1 began without what a client had been told. Votes
// say now which disks were lost, so that a vote of a life that is over does not count.
TEST_CASE("A vote does not outlive the disk of its voter", "[issues]") {
    World world({.voters = 5, .clients = 1});
    Network& network = world.network();
    write_some(world, 0, 2);
    settle(world);

    // 3, 4 and 5 do not hear their primary; what they wish only 5 hears.
    const auto of_1 = network.drop_if(from(1) && (to(3) || to(4) || to(5)));
    const auto wishes =
        network.drop_if(is(Command::StartViewChange) && (to(1) || to(2) || to(3) || to(4)));
    const auto votes = network.copy_if(is(Command::DoViewChange) && from(5) && to(2));
    REQUIRE(world.run_until([&] { return world.telemetry(2).view == View::of(0, 1); }, 1 * s));
    isolate(world, {2});
    world.crash(5);
    REQUIRE(network.hits(votes) == 1);
    REQUIRE(world.telemetry(1).view == View::of(0, 0));
    REQUIRE(world.telemetry(3).view == View::of(0, 0));
    REQUIRE(world.telemetry(4).view == View::of(0, 0));

    // 5 comes back; the write reaches 4 and 5.
    network.remove(of_1);
    const auto entries = network.drop_if((is(Command::Prepare) || is(Command::Log)) && to(3));
    world.start_blank(5);
    REQUIRE(world.run_until([&] { return world.status(5) == Status::Normal; }, 2 * s));
    REQUIRE(world.telemetry(5).view == View::of(0, 0));
    const auto written = world.call(0, write_op(0, "acknowledged"));
    REQUIRE(written.has_value());

    // 3 follows 2, which is heard by nobody else.
    network.remove(wishes);
    network.heal(2, 3);
    for (const ReplicaId id : ids({1, 4, 5})) {
        network.cut(id, 3);
    }
    CHECK_FALSE(elects(world, 2, 300 * ms));
    network.remove(entries);
    network.heal_cuts();
    settle(world);
    const auto read = world.call(0, read_op(0));
    REQUIRE(read.has_value());
    CHECK(read->value == faultlab::Value("acknowledged"));
    check_sound(world);
}
