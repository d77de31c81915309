#include "tests/unit/replica_protocol/golden.hpp"

namespace faultlab::replica::world {
namespace {

/// Two ops are on 1 and 2; one of them rots at 2, and 1 is gone. 3 never had it, but 2 has: they
/// must wait for 1.
std::string rotten_slot(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    settle(world);
    world.run_for(50 * ms);
    isolate(world, {3});
    world.network().drop_if(is(Command::Commit) && from(1) && to(2));
    const Op first = world.telemetry(2).head + 1;
    // Neither prepare says that the other is committed.
    const auto held = world.network().hold_if(is(Command::PrepareOk) && from(2));
    begin(world, 0, write_op(0, "a"));
    world.run_for(3 * ms);
    begin(world, 1, write_op(1, "b"));
    const auto both = [&] { return world.telemetry(2).durable == first + 1; };
    if (!world.run_until(both, 1 * s)) return "two entries at 2";
    const Limits& limits = world.limits();
    const auto rests = [&] { return entry_settled(world.disk(2), limits, first % limits.slots); };
    if (!world.run_until(rests, 1 * s)) return "durable headers at 2";
    world.network().release(held);
    if (!idle(world, 0, 1 * s)) return "a";
    if (!idle(world, 1, 1 * s)) return "b";
    world.crash(1);
    world.crash(2);
    world.disk(2).rot(Zone::Prepares, first % limits.slots * limits.message_bytes, sizeof(Header));
    world.network().remove_rules();
    world.network().heal_cuts();
    world.start(2);
    world.run_for(1 * s);
    world.start(1);
    begin(world, 0, read_op(0));
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// 1 and 2 acknowledge while their disks are slow, and the power fails at once.
std::string power_cut_before_sync(World& world) {
    open_session(world, 0);
    settle(world);
    isolate(world, {3});
    for (const ReplicaId id : ids({1, 2})) {
        world.disk(id).set_slowness(30);
    }
    begin(world, 0, write_op(0, "a"));
    if (!idle(world, 0, 1 * s)) return "a";
    for (const ReplicaId id : ids({1, 2})) {
        world.power_cut(id);
        world.disk(id).set_slowness(1);
        world.start(id);
    }
    world.network().heal_cuts();
    begin(world, 0, read_op(0));
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// A sync fails once. Whoever tries again is told that all is well, and it is not.
std::string failed_sync(World& world) {
    write_some(world, 0, 2);
    settle(world);
    isolate(world, {3});
    world.disk(2).fail_next(Zone::Prepares, Disk::Operation::Sync);
    begin(world, 0, write_op(0, "a"));
    idle(world, 0, 50 * ms);
    world.power_cut(2);
    world.crash(1);
    world.start(2);
    world.network().heal_cuts();
    if (!world.run_until([&] { return world.primary().has_value(); }, 3 * s)) return "no view 1";
    if (!idle(world, 0, 3 * s)) return "no answer to the write";
    begin(world, 0, read_op(0));
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// A request is executed and its answer is lost; a checkpoint covers it, and everybody restarts.
/// Sent again it must be known.
std::string forgotten_session(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    const auto lost = world.network().drop_if(is(Command::Reply) && to(world.client_endpoint(0)));
    begin(world, 0, {.code = OpCode::Add, .key = "counter", .value = Value(1)});
    world.run_for(20 * ms);
    attach(world, 0, {});
    write_some(world, 1, 30);
    settle(world);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.crash(id);
        world.start(id);
    }
    if (!converges(world)) return "no convergence";
    world.network().remove(lost);
    attach(world, 0, {1, 2, 3});
    if (!idle(world, 0, 3 * s)) return "no answer";
    if (world.client(0).evicted() > 0) return "the session is not known any more";
    return world.client(0).result()->value == Value(1) ? "" : "it was done twice";
}

/// The snapshot's disk stalls while the load goes on, past the end of the ring; then all crash.
std::string stalled_checkpoint(World& world) {
    write_some(world, 0, 4);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.disk(id).stall(Zone::Snapshot, world.now() + 5 * s);
    }
    for (std::uint32_t i = 0; i < 2; ++i) {
        world.client(i).set_workload(registers(2, i));
    }
    world.run_for(1 * s);
    for (std::uint32_t i = 0; i < 2; ++i) {
        world.client(i).set_workload({});
    }
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.power_cut(id);
        world.start(id);
    }
    const auto answered = [&] { return world.client(0).idle() && world.client(1).idle(); };
    if (!world.run_until(answered, 3 * s)) return "no answer";
    begin(world, 0, read_op(0));
    begin(world, 1, read_op(1));
    return world.run_until(answered, 3 * s) ? "" : "no answer to a read";
}

} // namespace

TEST_CASE("Golden B5, KM1: a bad slot is not an empty one", "[.golden]") {
    golden("B5", rotten_slot, {.clients = 2});
    golden("KM1", rotten_slot, {.clients = 2});
}
TEST_CASE("Golden B1: what is acknowledged is durable", "[.golden]") {
    golden("B1", power_cut_before_sync);
}
TEST_CASE("Golden B25: a sync that failed is the end", "[.golden]") {
    golden("B25", failed_sync);
}
TEST_CASE("Golden B16: a snapshot has the sessions too", "[.golden]") {
    golden("B16", forgotten_session, {.clients = 2});
}
TEST_CASE("Golden B4: a slot is used again after the checkpoint", "[.golden]") {
    golden("B4", stalled_checkpoint, {.clients = 2});
}

} // namespace faultlab::replica::world
