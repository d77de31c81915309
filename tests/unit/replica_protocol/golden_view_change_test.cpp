#include "tests/unit/replica_protocol/golden.hpp"

// In the comments P(v) is the primary of view v: replica v mod n + 1.

namespace faultlab::simulator {
namespace {

/// P0 logs an entry alone and is cut; P1 rules, and P0 learns of it. P0 must drop its entry, and
/// must not say that it has what P1 prepared in its place.
std::string stale_suffix(World& world) {
    write_some(world, 0, 4);
    open_session(world, 1);
    isolate(world, {1});
    attach(world, 0, {1});
    const Op head = world.telemetry(1).head;
    begin(world, 0, write_op(0, "X"));
    if (!world.run_until([&] { return world.telemetry(1).head > head; }, 1 * s)) return "no entry";
    if (!elects(world, 2)) return "no view 1";
    attach(world, 0, {}); // its client stays away, lest X be asked for again
    for (const ReplicaId id : ids({2, 3})) {
        world.network().heal(1, id);
    }
    const auto joined = [&] { return world.telemetry(1).log_view == world.telemetry(2).log_view; };
    if (!world.run_until(joined, 1 * s)) return "1 did not join view 1";
    world.network().cut(2, 3);
    attach(world, 1, {2});
    begin(world, 1, write_op(0, "Y"));
    idle(world, 1, 40 * ms);
    world.crash(2);
    attach(world, 1, {1, 3});
    if (!world.run_until([&] { return world.primary().has_value(); }, 3 * s)) return "no view 2";
    begin(world, 1, read_op(0));
    return idle(world, 1, 3 * s) ? "" : "no answer";
}

/// P2 rules with what P0 acknowledged with 2; 2 hears of view 2, but the log is on its way when P2
/// goes. 2 may not claim view 2, and must still have what it acknowledged.
std::string late_log(World& world) {
    open_session(world, 1);
    settle(world);
    world.network().drop_if(is(Command::Commit) && from(1) && to(2));
    isolate(world, {3});
    if (!world.call(0, write_op(0, "a"), 1 * s)) return "a";
    if (!world.call(0, write_op(0, "b"), 1 * s)) return "b";
    // P2 and 1 form view 2; nobody but P2 learns that it is there.
    world.network().heal_cuts();
    isolate(world, {2});
    const auto lost = world.network().drop_if(is(Command::StartView) && from(3));
    world.network().drop_if(is(Command::Commit) && from(1));
    if (!elects(world, 3)) return "no view 2";
    world.network().remove(lost);
    world.network().heal_cuts();
    isolate(world, {1});
    // 2 hears of the view; the entries that it asks for are held.
    world.network().hold_if(is(Command::Log) && to(2));
    attach(world, 1, {3});
    begin(world, 1, write_op(0, "c"));
    world.run_for(40 * ms);
    world.crash(3);
    world.network().remove_rules();
    world.network().heal_cuts();
    attach(world, 1, {1, 2});
    if (!world.run_until([&] { return world.primary().has_value(); }, 3 * s)) return "no view 3";
    begin(world, 1, read_op(0));
    return idle(world, 1, 3 * s) ? "" : "no answer";
}

/// n = 5. An entry is only in P0's log; P1 adopts it with a quorum of logs, but not of
/// acknowledgements, and then both are gone: P1 must not have answered.
std::string adopted_tail(World& world) {
    write_some(world, 0, 2);
    open_session(world, 1);
    attach(world, 0, {1, 2});
    Network& network = world.network();
    const auto silent = network.drop_if(from(1) && (is(Command::Prepare) || is(Command::Commit)));
    network.drop_if(is(Command::DoViewChange) && (from(4) || from(5)));
    network.drop_if(from(2) &&
                    (is(Command::StartView) || is(Command::Prepare) || is(Command::Log) ||
                     is(Command::Commit)) &&
                    (to(3) || to(4) || to(5)));
    begin(world, 0, write_op(0, "X"));
    if (!world.run_until([&] { return leads(world, 2); }, 2 * s)) return "no view 1";
    network.remove(silent);
    idle(world, 0, 30 * ms);
    world.crash(1);
    world.crash(2);
    attach(world, 0, {});
    network.remove_rules();
    attach(world, 1, {3, 4, 5});
    if (!world.run_until([&] { return world.primary().has_value(); }, 3 * s)) return "no view 2";
    begin(world, 1, read_op(0));
    return idle(world, 1, 3 * s) ? "" : "no answer";
}

/// P0 logs three entries alone; P1 commits one in their place with 3. Of the two logs the newer
/// view's is right, although it is shorter.
std::string longer_log(World& world) {
    for (const std::size_t client : {0, 1, 2, 3}) {
        open_session(world, client);
    }
    settle(world);
    isolate(world, {1});
    for (const std::size_t client : {0, 1, 2}) {
        attach(world, client, {1});
        begin(world, client, write_op(0, static_cast<std::int64_t>(client)));
        world.run_for(5 * ms); // an entry each
    }
    if (!elects(world, 2)) return "no view 1";
    attach(world, 3, {2, 3});
    if (!world.call(3, write_op(0, "Y"), 1 * s)) return "Y";
    for (const std::size_t client : {0, 1, 2}) {
        attach(world, client, {});
    }
    world.crash(2);
    world.network().heal(1, 3);
    if (!elects(world, 3)) return "no view 2";
    begin(world, 3, read_op(0));
    return idle(world, 3, 3 * s) ? "" : "no answer";
}

/// The StartView of view 1 comes to 3 a second time, after a restart and two more ops: it must
/// not bring the log back to where it was.
std::string second_start_view(World& world) {
    open_session(world, 0);
    settle(world);
    const auto copies = world.network().copy_if(is(Command::StartView) && to(3));
    isolate(world, {1});
    if (!elects(world, 2)) return "no view 1";
    const auto joined = [&] { return world.telemetry(3).log_view == View::of(0, 1); };
    if (!world.run_until(joined, 1 * s)) return "3 did not join view 1";
    attach(world, 0, {2});
    if (!world.call(0, write_op(0, "a"), 1 * s)) return "a";
    world.crash(3);
    world.start(3);
    world.run_until([&] { return world.status(3) == Status::Normal; }, 1 * s);
    if (!world.call(0, write_op(0, "b"), 1 * s)) return "b";
    // What 2 would send to repair 3 is lost.
    world.network().drop_if(to(3) && (is(Command::Log) || is(Command::Prepare)));
    world.network().replay(copies);
    world.run_for(2 * ms);
    world.crash(2);
    world.network().heal_cuts();
    attach(world, 0, {1, 3});
    if (!world.run_until([&] { return world.primary().has_value(); }, 3 * s)) return "no view 2";
    begin(world, 0, read_op(0));
    return idle(world, 0, 3 * s) ? "" : "no answer";
}

/// A primary that is heard and does not hear must not keep everyone waiting.
std::string deaf_primary(World& world) {
    write_some(world, 0, 2);
    world.network().cut_one_way(2, 1);
    world.network().cut_one_way(3, 1);
    begin(world, 0, write_op(0, "x"));
    return idle(world, 0, 20 * s) ? "" : "no answer in 20 s";
}

/// One that is heard and does not hear must not depose a primary that the others hear.
std::string deaf_backup(World& world) {
    write_some(world, 0, 2);
    world.network().cut_one_way(1, 3);
    world.network().cut_one_way(2, 3);
    world.run_for(2 * s);
    const bool stayed = world.telemetry(1).view == View{} && world.telemetry(2).view == View{};
    return stayed ? "" : "the view changed";
}

/// A request is prepared at P0 alone, and the next view drops it; when P0 rules again, the client
/// is still waiting for its answer.
std::string dropped_request(World& world) {
    open_session(world, 0);
    settle(world);
    isolate(world, {1});
    attach(world, 0, {1});
    const Op head = world.telemetry(1).head;
    begin(world, 0, write_op(0, "X"));
    if (!world.run_until([&] { return world.telemetry(1).head > head; }, 1 * s)) return "no entry";
    attach(world, 0, {});
    if (!elects(world, 2)) return "no view 1";
    world.network().heal_cuts();
    attach(world, 0, {});
    settle(world);
    isolate(world, {2});
    attach(world, 0, {});
    if (!elects(world, 3)) return "no view 2";
    world.network().heal_cuts();
    attach(world, 0, {});
    settle(world);
    isolate(world, {3});
    if (!elects(world, 1)) return "no view 3";
    attach(world, 0, {1});
    if (!idle(world, 0, 3 * s)) return "no answer";
    world.network().heal_cuts();
    begin(world, 0, read_op(0));
    return idle(world, 0, 3 * s) ? "" : "no answer to a read";
}

} // namespace

TEST_CASE("Golden F6a, F6b: a stale suffix goes, and is not acknowledged", "[replica_protocol]") {
    golden("F6", stale_suffix, {.clients = 2});
    // To lose something takes both halves: a stale suffix alone is noticed, not acknowledged, and
    // without one there is nothing to acknowledge blindly.
    const auto with = [](const char* half) {
        return play({.clients = 2, .bugs = bug_set(half)}, stale_suffix);
    };
    CHECK(with("F6a").starts_with("A6"));
    CHECK(with("F6b") == "");
}
TEST_CASE("Golden V1: a view is claimed when its log is here", "[replica_protocol]") {
    golden("V1", late_log, {.clients = 2});
}
TEST_CASE("Golden F1: a tail is committed when a quorum has it", "[replica_protocol]") {
    golden("F1", adopted_tail, {.voters = 5, .clients = 2});
}
TEST_CASE("Golden T1, K5: the newest view's log wins, not the longest", "[replica_protocol]") {
    golden("K5", longer_log, {.clients = 4});
    golden("T1", longer_log, {.clients = 4});
}
TEST_CASE("Golden T2, F7: a view is installed once", "[replica_protocol]") {
    golden("T2", second_start_view);
    golden("F7", second_start_view);
}
TEST_CASE("Golden B9: a primary that hears nobody gives up", "[replica_protocol]") {
    golden("B9", deaf_primary);
}
TEST_CASE("Golden B10: one alone deposes nobody", "[replica_protocol]") {
    golden("B10", deaf_backup);
}
TEST_CASE("Golden V8: a request that a view drops is new again", "[replica_protocol]") {
    golden("V8", dropped_request);
}

} // namespace faultlab::simulator
