#include "tests/unit/replica_protocol/cluster.hpp"

using namespace faultlab::replica;
using namespace faultlab::simulator;

// Replica 2 lags, its questions for what it misses get no answer, and primary 1 says that it has a
// checkpoint: 2 waits for it. Then 1 dies for good. 3 has everything that 2 misses, but not that
// checkpoint, and needs 2's vote to commit on: 2 waited for ever, and 3 with it.
TEST_CASE("A replica stops to wait for a checkpoint whose holder is dead", "[issues]") {
    World world({.voters = 3, .clients = 1});
    Network& network = world.network();
    const int every = static_cast<int>(world.limits().checkpoint_every);
    write_some(world, 0, 2);
    settle(world);

    // 2 misses all of one checkpoint's ops; 3 has them, and does not hear that the last is
    // committed.
    const auto entries = network.drop_if((is(Command::Prepare) || is(Command::Log)) && to(2));
    const auto commits = network.drop_if(is(Command::Commit) && to(3));
    while (world.telemetry(1).head + 1 < static_cast<Op>(every)) {
        write_some(world, 0, 1);
    }
    const auto pings = network.drop_if(is(Command::Ping) && to(3));
    write_some(world, 0, 1);
    REQUIRE(world.run_until([&] { return world.status(2) == Status::Syncing; }, 2 * s));
    REQUIRE(world.telemetry(1).checkpoint == static_cast<Op>(every));
    REQUIRE(world.telemetry(3).checkpoint == 0);
    REQUIRE(world.telemetry(3).head == static_cast<Op>(every));
    world.crash(1);

    for (const auto rule : {entries, commits, pings}) {
        network.remove(rule);
    }
    CHECK(world.run_until([&] { return world.primary().has_value(); }, 3 * s));
    INFO(world.describe());
    const auto read = world.call(0, read_op(0));
    REQUIRE(read.has_value());
    CHECK(read->outcome == Outcome::Ok);
    check_sound(world);
}
