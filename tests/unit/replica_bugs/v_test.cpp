#include "tests/unit/replica_bugs/scenario.hpp"

// Mistakes about papers and clients. V1, V5, V6, V8, V11 and V12 are among the golden schedules;
// V7 is with the client.
namespace faultlab::simulator {
namespace {

/// Each of two backups wants the next view before it hears that the other does.
std::string slow_links(World& world) {
    write_some(world, 0, 2);
    settle(world);
    world.network().options().delay_min = 35 * ms;
    world.network().options().delay_max = 36 * ms;
    world.run_for(200 * ms);
    world.crash(1);
    return elects_anyone(world, 3 * s) ? "" : "liveness: no view in three seconds";
}

/// Nothing of what a replica says but this.
Match only(ReplicaId id, Command command) {
    return [id, command](const Packet& packet) {
        return packet.from == id && packet.header.command != command;
    };
}

/// What view 1 has committed is at 2 and 3; 3 loses its disk, and is answered by 2, which has
/// restarted and does not lead, and by 1, which still leads view 0.
std::string answer_of_an_older_view(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    isolate(world, {1});
    attach(world, 0, {2, 3});
    attach(world, 1, {1});
    if (!elects(world, 2)) return "no view 1";
    begin(world, 0, write_op(0, "a"));
    if (!idle(world, 0, 1 * s)) return "no a";
    world.crash(3);
    world.crash(2);
    world.network().drop_if(only(2, Command::RecoveryResponse));
    world.start(2);
    world.network().heal(1, 3);
    world.start_blank(3);
    world.run_for(200 * ms);
    begin(world, 1, write_op(0, "b"));
    world.run_for(200 * ms);
    world.network().remove_rules();
    world.network().heal_cuts();
    world.client(0).set_targets({1, 2, 3});
    world.client(1).set_targets({1, 2, 3});
    return read_back(world, 0);
}

/// 3 loses its disk a second time, with the only other copy of an entry at 1, which is gone; what 1
/// and 2 answered the first time comes once more.
std::string answers_of_long_ago(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    const auto answers = world.network().copy_if(is(Command::RecoveryResponse) && to(3));
    world.crash(3);
    world.start_blank(3);
    come_to_rest(world);
    isolate(world, {2});
    begin(world, 0, write_op(0, "a"));
    if (!idle(world, 0, 1 * s)) return "no a";
    attach(world, 0, {});
    world.crash(1);
    world.crash(3);
    world.network().heal_cuts();
    world.start_blank(3);
    const auto asks = [&] { return world.status(3) == Status::Recovering; };
    if (!world.run_until(asks, 1 * s)) return "3 does not ask";
    for (int round = 0; round < 2; ++round) {
        world.network().replay(answers);
        world.run_for(40 * ms);
    }
    world.run_for(500 * ms);
    world.start(1);
    return read_back(world, 1);
}

/// The answer is lost, another client's comes after it, and the request is sent again.
std::string lost_answer(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    const auto lost = world.network().drop_if(is(Command::Reply) && to(world.client_endpoint(0)));
    begin(world, 0, {.code = OpCode::Append, .key = 0, .value = 1});
    world.run_for(20 * ms);
    begin(world, 1, write_op(1, 1));
    if (!idle(world, 1, 1 * s)) return "liveness: no answer";
    world.network().remove(lost);
    if (!idle(world, 0, 1 * s)) return "liveness: no answer to what is sent again";
    return converges(world) ? "" : "liveness: no common log";
}

/// One client more than there is room for.
std::string full_client_table(World& world) {
    for (std::size_t client = 0; client < world.client_count(); ++client) {
        begin(world, client, write_op(0, Value(static_cast<std::int64_t>(client))));
        if (!idle(world, client, 1 * s)) return "liveness: no session";
    }
    for (int i = 0; i < 4; ++i) { // to the next digest
        begin(world, world.client_count() - 1, write_op(0, Value(i)));
        if (!idle(world, world.client_count() - 1, 1 * s)) return "liveness: no answer";
    }
    return converges(world) ? "" : "liveness: no common log";
}

} // namespace

TEST_CASE("V2: two that want a view drive each other on", "[replica_bugs]") {
    tells_apart(Bug::V2, slow_links, {"", "liveness: no view"});
}
TEST_CASE("V3: the primary of an older view suffices to recover", "[replica_bugs]") {
    WorldOptions options{.clients = 2};
    options.timeouts.abdicate = 60 * s; // 1 waits in view 0
    tells_apart(Bug::V3, answer_of_an_older_view, {"", "S1:"}, options);
}
TEST_CASE("V4: answers to an earlier recovery count", "[replica_bugs]") {
    tells_apart(Bug::V4, answers_of_long_ago, {"", "S14:"}, {.clients = 2});
}
TEST_CASE("V9: a request whose answer made room is executed again", "[replica_bugs]") {
    tells_apart(Bug::V9, lost_answer, {"", "S15:"}, {.clients = 2});
}
TEST_CASE("V10: each replica makes room with another session", "[replica_bugs]") {
    tells_apart(Bug::V10, full_client_table, {"", "S12:"}, {.clients = 9});
}

} // namespace faultlab::simulator
