#include "tests/unit/replica_protocol/golden.hpp"

namespace faultlab::simulator {
namespace {

/// The old primary and a client are on one side; the others have elected and written.
std::string read_behind_a_cut(World& world) {
    write_some(world, 0, 2);
    open_session(world, 1);
    isolate(world, {1});
    attach(world, 0, {1});
    attach(world, 1, {2, 3});
    if (!elects(world, 2)) return "no view 1";
    if (!world.call(1, write_op(0, "new"), 1 * s)) return "no write";
    begin(world, 0, read_op(0));
    idle(world, 0, 100 * ms);
    world.network().heal_cuts();
    attach(world, 0, {1, 2, 3});
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// The same with a primary whose clock is slow, as far as the bound allows: by its clock the lease
/// still holds when the others' promises have ended.
std::string slow_lease(World& world) {
    write_some(world, 0, 2);
    open_session(world, 1);
    world.set_clock_rate(1, 800);
    world.set_clock_rate(2, 1200);
    world.set_clock_rate(3, 1200);
    world.run_for(100 * ms);
    isolate(world, {1});
    attach(world, 0, {1});
    attach(world, 1, {2});
    // Whatever 1 still answers, it must not be older than what was written meanwhile.
    world.client(0).set_workload([](Rng&) { return read_op(0); });
    begin(world, 1, write_op(0, "new"));
    if (!idle(world, 1, 3 * s)) return "no write";
    world.run_for(100 * ms);
    world.client(0).set_workload({});
    world.network().heal_cuts();
    attach(world, 0, {1, 2, 3});
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// Five become three while two of the three are cut off: the old majority alone does not suffice,
/// for those who are left out are switched off next, and one of the new ones may fail.
std::string new_members_behind(World& world) {
    write_some(world, 0, 2);
    settle(world);
    isolate(world, {2, 3});
    begin(world, 0, reconfigure(1, {1, 2, 3}));
    if (!idle(world, 0, 300 * ms)) {
        world.network().heal_cuts();
        if (!idle(world, 0, 3 * s)) return "no answer to the reconfiguration";
    }
    for (const ReplicaId id : ids({4, 5, 1})) {
        world.crash(id);
    }
    world.network().heal_cuts();
    begin(world, 0, read_op(0));
    return idle(world, 0, 5 * s) ? "" : "no answer";
}

WorldOptions with_leases() {
    WorldOptions options{.clients = 2, .reads = Reads::Lease};
    // Leases that end just before a backup would elect, and everything else quick.
    options.timeouts.lease = options.timeouts.primary_silent - 1 * ms;
    options.timeouts.clock_drift = 250;
    options.network = {.delay_min = 20'000, .delay_max = 100'000};
    options.disk = {.write_min = 1'000, .write_max = 2'000, .sync_min = 1'000, .sync_max = 2'000};
    options.client.think_max = 300'000;
    return options;
}

} // namespace

TEST_CASE("Golden V11: a primary without promises reads nothing", "[replica_protocol]") {
    golden("V11", read_behind_a_cut, with_leases());
}
TEST_CASE("Golden V12: a lease allows for the clocks", "[replica_protocol]") {
    golden("V12", slow_lease, with_leases());
}
TEST_CASE("Golden B19: a new membership needs the old one's quorum", "[replica_protocol]") {
    golden("B19", new_members_behind, {.voters = 5});
}

} // namespace faultlab::simulator
