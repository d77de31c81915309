#include "tests/unit/replica_protocol/cluster.hpp"

using namespace faultlab::replica;
using namespace faultlab::simulator;

// A replica that was cut off took a paused one for the primary and sent every client there. A
// client that got no answer from the paused one asked the next in turn, which was the one that was
// cut off: between these two it went to and fro for ever, and never asked those who had gone on.
TEST_CASE("A client gets away from two replicas that are of no use", "[issues]") {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        World world({.seed = seed, .voters = 5});
        open_session(world, 0);
        REQUIRE(world.primary() == 1);
        // 3 must take 2 for the primary: view 1 is 2's.
        isolate(world, {1});
        REQUIRE(elects(world, 2));
        world.network().heal_cuts();
        settle(world);
        isolate(world, {3});
        world.pause(2);
        REQUIRE(
            world.run_until([&] { return world.primary() == 4 || world.primary() == 5; }, 5 * s));
        world.client(0).ask(3);
        INFO(world.describe());
        CHECK(world.call(0, write_op(1, 1), 3 * s).has_value());
    }
}
