#include "tests/unit/replica_protocol/cluster.hpp"

using namespace faultlab::replica;
using namespace faultlab::simulator;

// Five replicas, primary 1. Replica 2 alone hears that 3 and 4 want view 1, and enters it. Replica
// 5 has lost its disk, and the others' logs do not reach back to the beginning any more: it fetches
// a snapshot, from 2. It took up 2's view with it, although it had no business in any view yet; and
// when the others told it of view 0, in which they went on, it halted rather than go back.
TEST_CASE("A replica that recovers does not take up the view of a donor", "[issues]") {
    World world({.voters = 5, .clients = 1});
    Network& network = world.network();
    write_some(world, 0, 100);
    settle(world);
    world.crash(5);

    // 3 and 4 do not hear their primary; what they wish only 2 hears.
    const auto of_1 = network.drop_if(from(1) && (to(2) || to(3) || to(4)));
    const auto wishes = network.drop_if(
        (is(Command::StartViewChange) || is(Command::DoViewChange)) && (to(1) || to(3) || to(4)));
    REQUIRE(world.run_until([&] { return world.telemetry(2).view == View::of(0, 1); }, 1 * s));
    network.remove(of_1);
    REQUIRE(world.telemetry(3).view == View::of(0, 0));
    REQUIRE(world.telemetry(4).view == View::of(0, 0));

    // 5 has its snapshot from 2, and what it needs to recover from the others.
    network.drop_if(is(Command::Snapshot) && (from(1) || from(3) || from(4)));
    network.drop_if(is(Command::RecoveryResponse) && from(2));
    world.start_blank(5);
    world.run_until([&] { return world.status(5) == Status::Normal; }, 5 * s);
    INFO(world.describe());
    CHECK(world.status(5) == Status::Normal);
    CHECK(world.telemetry(5).view == View::of(0, 0));
    network.remove(wishes);
    settle(world);
    check_sound(world);
}
