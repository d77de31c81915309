#include "tests/unit/replica_bugs/scenario.hpp"

// Rules of TigerBeetle, of VRR and of the field, each broken. 2 leads view 1, and 3 view 2.

namespace faultlab::simulator {
namespace {

/// 3 takes part in view 1 while its superblock cannot be written, and then its power fails. Then
/// there is 1, which knows of view 0 only, and the op that 3 acknowledged in view 1.
std::string forgotten_view(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    world.disk(3).stall(Zone::Superblock, world.now() + 1 * s);
    isolate(world, {1});
    if (!elects(world, 2, 3 * s)) return "no view 1";
    attach(world, 1, {2});
    if (!world.call(1, write_op(0, "Y"), 1 * s)) return "Y";
    world.power_cut(3);
    world.crash(2);
    world.network().heal(1, 3);
    world.start(3);
    if (!elects_anyone(world)) return "liveness: no primary";
    return read_back(world, 0);
}

/// n = 5. 3 asks for an entry of view 0 that only 1 has; before the answer comes, view 1 has other
/// entries, and 3 lacks them.
std::string answer_of_old_view(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    Network& network = world.network();
    network.drop_if(from(1) && is(Command::Prepare));
    network.drop_if(from(1) && is(Command::Commit) && (to(2) || to(4) || to(5)));
    const auto old = network.hold_if(from(1) && is(Command::Log) && to(3));
    attach(world, 0, {1});
    begin(world, 0, write_op(0, "X"));
    if (!world.run_until([&] { return !network.kept(old).empty(); }, 50 * ms)) return "no answer";
    network.kept(old).resize(1);
    isolate(world, {1, 3});
    if (!elects(world, 2)) return "no view 1";
    attach(world, 1, {2});
    for (const char* value : {"Y", "Z"}) {
        if (!world.call(1, write_op(0, value), 1 * s)) return value;
    }
    world.crash(1);
    const auto new_ones = network.drop_if(is(Command::Log) && to(3));
    network.heal_cuts();
    attach(world, 0, {});
    const auto installs = [&] { return world.status(3) == Status::ViewChange; };
    if (!world.run_until(installs, 1 * s)) return "3 does not hear of view 1";
    world.run_for(20 * ms); // the StartView has come
    network.release(old);
    world.run_for(5 * ms);
    network.remove(new_ones);
    attach(world, 0, {2, 3, 4, 5});
    if (!converges(world)) return "liveness: no common log";
    return read_back(world, 1);
}

/// 2 lags by more than a log when its turn to lead comes; 3 has everything.
std::string lagging_primary(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    isolate(world, {2});
    attach(world, 0, {1});
    write_some(world, 0, 50);
    attach(world, 0, {3});
    world.run_for(50 * ms);
    world.crash(1);
    world.network().heal_cuts();
    return elects_anyone(world, 400 * ms) ? read_back(world, 0) : "liveness: no primary";
}

/// Of the voters 1 is alone; the others go on without it.
std::string lonely_primary(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    isolate(world, {2, 3});
    attach(world, 0, {1});
    attach(world, 1, {2, 3});
    begin(world, 0, write_op(0, "X"));
    if (!elects(world, 2)) return "no view 1";
    if (!world.call(1, write_op(0, "Y"), 1 * s)) return "Y";
    world.network().heal_cuts();
    attach(world, 0, {1, 2, 3});
    if (!idle(world, 0, 3 * s)) return "X";
    return converges(world) ? read_back(world, 1) : "liveness: no common log";
}

/// The primary's wall clock jumps back.
std::string clock_back(World& world) {
    write_some(world, 0, 2);
    world.jump_wall(1, -3600 * s);
    begin(world, 0, write_op(0, "later"));
    return idle(world, 0, 1 * s) ? "" : "liveness: no answer";
}

/// 4 has never been heard of when it is to replace 3; then 2 fails.
std::string unknown_voter(World& world) {
    isolate(world, {4});
    write_some(world, 0, 20);
    if (!world.call(0, reconfigure(1, {1, 2, 4}), 1 * s)) return "no answer to the reconfiguration";
    world.run_for(50 * ms);
    world.crash(2);
    return read_back(world, 0);
}

/// A request is refused, and its client sends it no more.
std::string refused_request(World& world) {
    const auto refused = [&] { return world.client(0).busy() > 0; };
    Op head = 0;
    open_session(world, 0);
    for (int value = 0; !refused(); ++value) {
        head = world.telemetry(1).head;
        begin(world, 0, write_op(0, value));
        if (!world.run_until([&] { return refused() || world.client(0).idle(); }, 1 * s)) {
            return "no answer";
        }
    }
    attach(world, 0, {});
    world.run_for(50 * ms);
    return world.telemetry(1).head == head ? "" : "what was refused is in the log";
}

} // namespace

TEST_CASE("B2: a view that was forgotten had been spoken in", "[replica_bugs]") {
    // S10 where nothing of the superblock was kept, S14 where it says view 1 but not its log.
    tells_apart(Bug::B2, forgotten_view, {"", "S1"}, {.clients = 2});
}
TEST_CASE("B7: any entry of its op fills a gap", "[replica_bugs]") {
    tells_apart(Bug::B7, answer_of_old_view, {"", "S1:"}, {.voters = 5, .clients = 2});
}
TEST_CASE("B8: a primary that lacks a checkpoint keeps all waiting", "[replica_bugs]") {
    tells_apart(Bug::B8, lagging_primary, {"", "liveness: no primary"});
}
TEST_CASE("B11: one of three commits alone", "[replica_bugs]") {
    tells_apart(Bug::B11, lonely_primary, {"", "S5"}, {.clients = 2});
}
TEST_CASE("B14: timestamps go back with the wall clock", "[replica_bugs]") {
    tells_apart(Bug::B14, clock_back, {"", "S22"});
}
TEST_CASE("B20: a standby's acknowledgement commits", "[replica_bugs]") {
    tells_apart(Bug::B20, lonely_primary, {"", "S5"}, {.standbys = 1, .clients = 2});
}
TEST_CASE("B21: who has no log becomes a voter", "[replica_bugs]") {
    tells_apart(Bug::B21, unknown_voter, {"", "liveness: no answer"}, {.standbys = 1});
}
TEST_CASE("B22: a request that was refused is executed", "[replica_bugs]") {
    tells_apart(Bug::B22,
                refused_request,
                {"", "O5: replica 1: proposes request"},
                {.admission = {.rate = 20, .burst = 3}});
}

} // namespace faultlab::simulator
