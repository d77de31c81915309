#include "tests/unit/replica_protocol/golden.hpp"

using namespace faultlab::replica;
using namespace faultlab::simulator;

// Replica 2 begins view 1 with an entry that nobody else has, and that rots on its disk with the
// one before. The others never acknowledged it, so that the next view that 2 leads begins without
// it: 2 left it out of the log of view 1, which its superblock said had it, and before it had got
// the other one it halted at an assertion.
TEST_CASE("A replica leaves out what was never committed of a log that it has installed",
          "[issues]") {
    World world({.voters = 3, .clients = 1});
    Network& network = world.network();
    write_some(world, 0, 2);
    settle(world);
    const Op head = world.telemetry(2).head;
    const std::uint64_t slot = (head + 1) % world.limits().slots;

    // 1 proposes it and cannot write it, and only 2 hears of it.
    world.disk(1).set_full(true);
    network.drop_if(is(Command::Prepare) && to(3));
    begin(world, 0, write_op(0, "x"));
    REQUIRE(world.run_until([&] { return world.telemetry(2).durable == head + 1; }, 1 * s));
    world.power_cut(1);
    world.disk(1).set_full(false);
    network.drop_if(from(2) && to(3) &&
                    (is(Command::StartView) || is(Command::Commit) || is(Command::Log)));
    const auto begun = [&] {
        const Telemetry now = world.telemetry(2);
        return now.status == Status::Normal && now.log_view.number() == 1;
    };
    REQUIRE(world.run_until(begun, 3 * s));
    REQUIRE(world.telemetry(2).head == head + 1);
    const auto rests = [&] { return entry_settled(world.disk(2), world.limits(), slot); };
    REQUIRE(world.run_until(rests, 1 * s));

    world.crash(2);
    for (const Op op : {head, head + 1}) {
        const std::uint64_t at = op % world.limits().slots * world.limits().message_bytes;
        world.disk(2).rot(Zone::Prepares, at, sizeof(Header));
    }
    network.remove_rules();
    // Nobody else comes to lead.
    network.drop_if(is(Command::DoViewChange) && (to(1) || to(3)));
    const auto repair = network.drop_if(is(Command::Log) && to(2));
    world.start(2);
    world.start(1);
    CHECK(world.run_until([&] { return world.telemetry(2).head == head; }, 5 * s));
    network.remove(repair);
    CHECK(world.run_until([&] { return world.converged(); }, 5 * s));
    INFO(world.describe());
    check_sound(world);
}
