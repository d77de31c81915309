#include "tests/unit/replica_protocol/golden.hpp"

namespace faultlab::simulator {
namespace {

/// Three ops are on 1 and 2; the middle one rots at 2, and 1 is gone. 3 never had any, but 2 has:
/// they must wait for 1.
std::string rotten_slot(World& world) {
    for (const std::size_t client : {0, 1, 2}) {
        open_session(world, client);
    }
    settle(world);
    world.run_for(50 * ms);
    isolate(world, {3});
    world.network().drop_if(is(Command::Commit) && from(1) && to(2));
    const Op head = world.telemetry(2).head;
    // No prepare says that another is committed.
    const auto held = world.network().hold_if(is(Command::PrepareOk) && from(2));
    for (const std::size_t client : {0, 1, 2}) {
        begin(world, client, write_op(static_cast<std::int64_t>(client), "x"));
        world.run_for(3 * ms);
    }
    const auto here = [&] { return world.telemetry(2).durable == head + 3; };
    if (!world.run_until(here, 1 * s)) return "three entries at 2";
    const Limits& limits = world.limits();
    const std::uint64_t slot = (head + 2) % limits.slots;
    const auto rests = [&] { return entry_settled(world.disk(2), limits, slot); };
    if (!world.run_until(rests, 1 * s)) return "durable headers at 2";
    world.network().release(held);
    for (const std::size_t client : {0, 1, 2}) {
        if (!idle(world, client, 1 * s)) return "no answer to a write";
    }
    world.crash(1);
    world.crash(2);
    world.disk(2).rot(Zone::Prepares, slot * limits.message_bytes, sizeof(Header));
    world.network().remove_rules();
    world.network().heal_cuts();
    world.start(2);
    world.run_for(1 * s);
    world.start(1);
    begin(world, 0, read_op(1));
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

/// The snapshots' disks stall while more is asked for than the ring holds; then the power fails.
std::string stalled_checkpoint(World& world) {
    write_some(world, 0, 4);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.disk(id).stall(Zone::Snapshot, world.now() + 5 * s);
    }
    write_some(world, 0, 16);
    // Nothing is executed any more, but what is not yet executed is in the log.
    for (std::size_t client = 0; client < world.client_count(); ++client) {
        begin(world, client, write_op(1, static_cast<std::int64_t>(client)));
    }
    world.run_for(1 * s);
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.power_cut(id);
        world.start(id);
    }
    begin(world, 0, read_op(0));
    return idle(world, 0, 5 * s) ? "" : "no answer";
}

} // namespace

TEST_CASE("Golden B5, KM1: a bad slot is not an empty one", "[replica_protocol]") {
    golden("B5", rotten_slot, {.clients = 3});
    golden("KM1", rotten_slot, {.clients = 3});
}
TEST_CASE("Golden B1: what is acknowledged is durable", "[replica_protocol]") {
    golden("B1", power_cut_before_sync);
}
TEST_CASE("Golden B25: a sync that failed is the end", "[replica_protocol]") {
    golden("B25", failed_sync);
}
TEST_CASE("Golden B16: a snapshot has the sessions too", "[replica_protocol]") {
    golden("B16", forgotten_session, {.clients = 2});
}
TEST_CASE("Golden B4: a slot is used again after the checkpoint", "[replica_protocol]") {
    WorldOptions options{.clients = 40};
    options.limits.batch = 1;
    options.client.retry = 10 * ms;
    golden("B4", stalled_checkpoint, options);
}

} // namespace faultlab::simulator
