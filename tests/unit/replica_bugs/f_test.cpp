#include "tests/unit/replica_bugs/scenario.hpp"

#include <algorithm>

// Repairs of mistakes that are mistakes themselves. F1, F6 as a whole, and F7 are among the golden
// schedules.
namespace faultlab::simulator {
namespace {

/// n = 5. The old primary is gone, and so is 5, but the network brings a vote of 5 again and again,
/// with a suffix that is not as long as it says: 2, 3 and 4 suffice for a view without it.
std::string bad_vote(World& world) {
    write_some(world, 0, 2);
    settle(world);
    Network& network = world.network();
    const auto votes = network.hold_if(is(Command::DoViewChange));
    world.crash(1);
    const auto of_5 = [&] { return std::ranges::find(network.kept(votes), 5U, &Packet::from); };
    const auto voted = [&] { return of_5() != network.kept(votes).end(); };
    if (!world.run_until(voted, 1 * s)) return "no vote";
    Packet bad = *of_5();
    lie(replica::Mutator::TailCount)(bad);
    world.crash(5);
    network.remove_rules();
    network.options().delay_max = network.options().delay_min; // it comes evenly
    const Nanos until = world.now() + 1 * s;
    while (world.now() < until && !world.primary()) {
        for (const ReplicaId id : ids({2, 3, 4})) {
            bad.to = id;
            network.send(world.now(), Packet(bad));
        }
        world.run_for(ms / 50);
    }
    return world.primary() ? "" : "liveness: no view in a second";
}

/// An integer is not a text.
std::string command_that_fails(World& world) {
    begin(world, 0, write_op("integer", 1));
    begin(world, 0, {.code = OpCode::Append, .key = "integer", .value = "text"});
    if (!idle(world, 0, 1 * s)) return "liveness: no answer";
    if (world.client(0).result()->outcome != Outcome::WrongType) return "another error";
    write_some(world, 0, 1);
    return converges(world) ? "" : "liveness: no common log";
}

/// An entry is at 1 and 2; 1 goes, and 3, which leaves with 2, hears of it and cannot fetch it.
/// Then 2 goes too, and 1 is back.
std::string unfetched_entry(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    Network& network = world.network();
    network.drop_if(to(3) && (is(Command::Prepare) || is(Command::Log)));
    network.drop_if(is(Command::PrepareOk) && from(2));
    const Op op = world.telemetry(1).head + 1;
    begin(world, 0, write_op(0, "a"));
    if (!world.run_until([&] { return world.telemetry(2).durable == op; }, 1 * s)) return "no a";
    world.crash(1);
    const auto hears = [&] { return world.telemetry(3).view == View::of(0, 1); };
    if (!world.run_until(hears, 1 * s)) return "3 does not leave";
    network.remove_rules();
    network.drop_if(to(3) && (is(Command::Prepare) || is(Command::Log)));
    world.run_for(50 * ms); // 2 answers the client if it thinks that 3 has the entry
    world.crash(2);
    network.remove_rules();
    attach(world, 0, {});
    world.start(1);
    return read_back(world, 1);
}

/// 1 logs an entry alone and is cut; the view that 2 leads has another in its place.
std::string other_entry(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    isolate(world, {1});
    attach(world, 0, {1});
    attach(world, 1, {2, 3});
    const Op head = world.telemetry(1).head;
    begin(world, 0, write_op(0, "X"));
    if (!world.run_until([&] { return world.telemetry(1).durable > head; }, 1 * s)) return "no X";
    attach(world, 0, {}); // lest X be asked for again
    if (!elects(world, 2)) return "no view 1";
    world.network().heal_cuts();
    attach(world, 0, {});
    const auto joined = [&] { return world.telemetry(1).log_view == View::of(0, 1); };
    if (!world.run_until(joined, 1 * s)) return "1 does not join view 1";
    begin(world, 1, write_op(0, "Y"));
    if (!idle(world, 1, 1 * s)) return "liveness: no answer";
    return converges(world) ? "" : "liveness: no common log";
}

/// What 1 sends to 3 is another entry than 2 gets; what it sends again is the same. While its disk
/// is slow, 3 has acknowledged neither.
std::string another_entry_again(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    Network& network = world.network();
    network.drop_if(is(Command::PrepareOk) && from(2)); // so that 1 sends it again
    network.mutate_if(is(Command::Prepare) && to(3), once([](Packet& packet) {
                          ++packet.header.timestamp;
                          reseal(packet);
                      }));
    world.disk(3).stall(Zone::Prepares, world.now() + 1 * s);
    begin(world, 0, write_op(0, "a"));
    world.run_for(60 * ms); // it is sent again after 20 ms
    return "silence";
}

} // namespace

TEST_CASE("F2: a bad vote takes the good ones with it", "[replica_bugs]") {
    tells_apart(Bug::F2, bad_vote, {"", "liveness: no view"}, {.voters = 5});
}
TEST_CASE("F3: a command that fails halts the replica", "[replica_bugs]") {
    tells_apart(Bug::F3, command_that_fails, {"", "halt: replica 1: halts: a command failed"});
}
TEST_CASE("F4: a fork is settled by the larger checksum, without an alarm", "[replica_bugs]") {
    settles_forks(Bug::F4);
}
TEST_CASE("F5: what a view's log has is acknowledged before it is here", "[replica_bugs]") {
    tells_apart(Bug::F5, unfetched_entry, {"", "S8:"}, {.clients = 2});
}
TEST_CASE("F6a: the entry that a view dropped is in the way of its own", "[replica_bugs]") {
    tells_apart(Bug::F6a,
                other_entry,
                {"", "A6: replica 1: refuses a message of n2: fork"},
                {.clients = 2});
}
TEST_CASE("F6b: another entry is acknowledged for its op, without an alarm", "[replica_bugs]") {
    tells_apart(
        Bug::F6b, another_entry_again, {"A6: replica 3: refuses a message of n1: fork", "silence"});
}

} // namespace faultlab::simulator
