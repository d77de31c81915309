#include "tests/support/catch.hpp"
#include "tests/support/simulated.hpp"

// Planted bugs about clients, commands and membership: on, each changes an outcome in a cluster
// that is otherwise sound; off, nothing is counted.
namespace faultlab::simulator {
namespace {

constexpr Nanos ms = 1'000'000;

Operation append_to_integer() {
    return {.code = OpCode::Append, .key = 1, .value = "text"};
}

} // namespace

TEST_CASE("A command that fails is executed on every replica", "[replica_state]") {
    World world({});
    REQUIRE(world.call(0, write_op(1, 1)));
    const auto failed = world.call(0, append_to_integer());
    REQUIRE(failed);
    CHECK(failed->outcome == Outcome::WrongType);
    REQUIRE(world.call(0, write_op(1, 2)));
    CHECK(world.run_until([&] { return world.converged(); }, 1000 * ms));
    CHECK(world.violations().empty());
}

TEST_CASE("K3.2: a command that fails stalls the backups", "[replica_state]") {
    World world({.bugs = bug_set("K3.2")});
    REQUIRE(world.call(0, write_op(1, 1)));
    REQUIRE(world.call(0, append_to_integer()));
    REQUIRE(world.call(0, write_op(1, 2)));
    CHECK_FALSE(world.run_until([&] { return world.converged(); }, 500 * ms));
    CHECK(world.telemetry(2).commit_min < world.telemetry(2).commit_max);
    CHECK(world.bug_fired(Bug::K3_2) > 0);
}

TEST_CASE("V8: a request that a view change drops is never taken again", "[replica_state]") {
    for (const bool bug : {false, true}) {
        World world({.bugs = bug_set(bug ? "V8" : "")});
        REQUIRE(world.call(0, write_op(1, 1)));
        REQUIRE(world.primary() == 1);
        for (const Endpoint other : {2U, 3U}) {
            world.network().cut(1, other);
        }
        world.client(0).submit(write_op(1, 2)); // it stays in the pipeline of 1
        world.run_for(300 * ms);
        world.network().heal_cuts();
        CHECK(world.run_until([&] { return world.converged() && world.client(0).idle(); },
                              2000 * ms));
        CHECK(world.telemetry(1).view.number() > 0);
        CHECK((world.bug_fired(Bug::V8) > 0) == bug);
        CHECK(world.violations().empty());
    }
}

TEST_CASE("KM3: damaged messages cause repair", "[replica_state]") {
    for (const bool bug : {false, true}) {
        World world({.bugs = bug_set(bug ? "KM3" : "")});
        REQUIRE(world.call(0, write_op(1, 1)));
        world.network().mutate_if(is(Command::Prepare) && to(2), [](Packet& packet) {
            packet.header.op += 20; // as rot would: its checksum does not fit any more
        });
        for (int value = 2; value < 6; ++value) {
            const bool answered = world.call(0, write_op(1, value)).has_value();
            REQUIRE(answered == world.violations().empty());
        }
        world.run_for(200 * ms);
        CHECK((world.bug_fired(Bug::KM3) > 0) == bug);
        CHECK((world.telemetry(2).rejects[static_cast<std::size_t>(Reject::HeaderChecksum)]) > 0);
        REQUIRE(world.violations().empty() != bug);
        if (bug) CHECK(world.violations().front().starts_with("O6: replica 2: asks for"));
    }
}

} // namespace faultlab::simulator
