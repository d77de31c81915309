#include "tests/unit/replica_bugs/scenario.hpp"

// Kimberlite's mistakes of middle weight. 2 leads view 1, and 3 view 2.

namespace faultlab::simulator {
namespace {

/// n = 5. Three entries are in 1's log only, and 2 adopts them with a quorum of votes, but not of
/// acknowledgements; then both are gone. 2 must not have answered.
std::string full_pipeline_of_one(World& world) {
    for (const std::size_t client : {0, 1, 2, 3}) {
        open_session(world, client);
    }
    come_to_rest(world);
    Network& network = world.network();
    const auto silent = network.drop_if(from(1) && (is(Command::Prepare) || is(Command::Commit)));
    network.drop_if(is(Command::DoViewChange) && (from(4) || from(5)));
    network.drop_if(from(2) &&
                    (is(Command::StartView) || is(Command::Prepare) || is(Command::Log) ||
                     is(Command::Commit)) &&
                    (to(3) || to(4) || to(5)));
    const Op head = world.telemetry(1).head;
    for (const std::size_t client : {0, 1, 2}) {
        attach(world, client, {1, 2});
        begin(world, client, write_op(0, Value(static_cast<std::int64_t>(client))));
        world.run_for(5 * ms); // an entry each
    }
    if (world.telemetry(1).head != head + 3) return "no three entries";
    if (!elects(world, 2)) return "no view 1";
    network.remove(silent);
    world.run_for(30 * ms);
    world.crash(1);
    world.crash(2);
    network.remove_rules();
    for (const std::size_t client : {0, 1, 2}) {
        attach(world, client, {});
    }
    attach(world, 3, {3, 4, 5});
    return read_back(world, 3);
}

/// n = 5. 2 waits for a third vote; meanwhile 3's comes again, and is a worse one.
std::string worse_vote_later(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    isolate(world, {2, 4});
    attach(world, 0, {1});
    world.network().drop_if(is(Command::Commit) && from(1));
    write_some(world, 0, 1);
    world.crash(1);
    world.crash(5);
    Network& network = world.network();
    network.remove_rules();
    network.heal_cuts();
    const auto third = network.hold_if(is(Command::DoViewChange) && from(4));
    const auto lies = network.mutate_if(
        is(Command::DoViewChange) && from(3) && to(2),
        [first = true, shorter = lie(replica::Mutator::TruncateTail)](Packet& packet) mutable {
            if (!std::exchange(first, false)) shorter(packet);
        });
    if (!world.run_until([&] { return network.hits(lies) >= 2; }, 1 * s)) return "no second vote";
    world.run_for(5 * ms);
    network.release(third);
    if (!elects_anyone(world)) return "liveness: no primary";
    network.remove(lies);
    attach(world, 0, {2, 3, 4});
    return read_back(world, 0);
}

/// 3 lacks two entries of view 1's log, and the StartView that tells of them has them in the wrong
/// order.
std::string shuffled_suffix(World& world) {
    for (const std::size_t client : {0, 1}) {
        open_session(world, client);
        attach(world, client, {1});
    }
    come_to_rest(world);
    isolate(world, {3});
    if (!commit_in_silence(world, 2)) return "no entries";
    world.crash(1);
    world.network().remove_rules();
    world.network().heal_cuts();
    world.network().mutate_if(is(Command::StartView) && to(3),
                              once(lie(replica::Mutator::ShuffleTail)));
    if (!elects(world, 2)) return "no view 1";
    const auto joined = [&] { return world.telemetry(3).log_view == View::of(0, 1); };
    if (!world.run_until(joined, 150 * ms)) return "liveness: 3 does not join view 1";
    attach(world, 0, {2, 3});
    return read_back(world, 0);
}

/// All are in view 2 when the StartView of view 1 comes to 1.
std::string old_start_view(World& world) {
    write_some(world, 0, 1);
    come_to_rest(world);
    isolate(world, {1});
    const auto kept = world.network().hold_if(is(Command::StartView) && from(2) && to(1));
    if (!elects(world, 2)) return "no view 1";
    world.network().kept(kept).resize(1);
    world.network().heal_cuts();
    isolate(world, {2});
    if (!elects(world, 3)) return "no view 2";
    world.network().heal_cuts();
    come_to_rest(world);
    world.network().release(kept);
    world.run_for(50 * ms);
    return converges(world) ? read_back(world, 0) : "liveness: no common log";
}

/// 3 recovers a lost disk and takes part again; then an answer to its recovery comes once more.
std::string late_recovery_answer(World& world) {
    write_some(world, 0, 2);
    come_to_rest(world);
    world.crash(3);
    const auto answers = world.network().copy_if(is(Command::RecoveryResponse) && to(3));
    world.start_blank(3);
    if (!converges(world)) return "liveness: 3 does not recover";
    isolate(world, {2});
    attach(world, 0, {1});
    write_some(world, 0, 2);
    world.run_for(30 * ms);
    world.network().drop_if(to(3) && (is(Command::Log) || is(Command::Prepare)));
    world.network().replay(answers);
    world.run_for(10 * ms);
    world.crash(1);
    world.network().remove_rules();
    world.network().heal_cuts();
    attach(world, 0, {2, 3});
    return read_back(world, 0);
}

/// 3 misses a few entries and nothing else.
std::string lagging_replica(World& world) {
    write_some(world, 0, 1);
    come_to_rest(world);
    isolate(world, {3});
    write_some(world, 0, 4);
    world.network().heal_cuts();
    return converges(world, 1 * s) ? "" : "liveness: 3 does not catch up";
}

/// 3 asks for an entry that it lacks, and is sent one whose own op is another.
std::string entry_of_another_op(World& world) {
    write_some(world, 0, 1);
    come_to_rest(world);
    const auto lost = world.network().drop_if(is(Command::Prepare) && to(3));
    world.network().mutate_if(is(Command::Log) && to(3),
                              once(in_entry([](Header& entry) { ++entry.op; })));
    write_some(world, 0, 1);
    world.network().remove(lost);
    return converges(world) ? read_back(world, 0) : "liveness: no common log";
}

/// 3 was alone while ops were committed, more than a pipeline; then the StartView of view 1 tells
/// it of all of them, as if none was known to be committed.
std::string start_view_with_everything(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    isolate(world, {3});
    const Op before = world.telemetry(3).head;
    attach(world, 0, {1, 2});
    write_some(world, 0, 8);
    world.run_for(50 * ms);
    world.crash(1);
    Network& network = world.network();
    network.mutate_if(is(Command::StartView) && to(3), once([&world, before](Packet& packet) {
                          packet.header.commit = before;
                          packet.body.resize(sizeof(Membership));
                          for (Op op = before + 1; op <= packet.header.op; ++op) {
                              const Bytes record = bytes_of(*world.replica(2)->log(op));
                              packet.body.insert(packet.body.end(), record.begin(), record.end());
                          }
                          packet.header.count =
                              static_cast<std::uint32_t>(packet.header.op - before);
                          reseal(packet);
                      }));
    network.drop_if(to(3) && (is(Command::Commit) || is(Command::Prepare)));
    network.heal_cuts();
    if (!elects(world, 2)) return "no view 1";
    world.run_for(30 * ms);
    world.crash(2);
    world.start(1);
    world.run_for(500 * ms);
    network.remove_rules();
    return read_back(world, 0);
}

/// An entry at 3 rots while 3 is down.
std::string rotten_entry(World& world) {
    open_session(world, 0);
    if (!world.call(0, write_op(1, "rots"), 1 * s)) return "liveness: no answer";
    const Op op = world.telemetry(1).head;
    write_some(world, 0, 6);
    come_to_rest(world);
    world.crash(3);
    const Limits& limits = world.limits();
    world.disk(3).rot(Zone::Prepares, op % limits.slots * limits.message_bytes, sizeof(Header));
    world.start(3);
    return converges(world) ? read_back(world, 0) : "liveness: no common log";
}

/// One client reaches the primary, another only a backup, which the others do not hear.
std::string request_at_a_backup(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    isolate(world, {3});
    attach(world, 0, {1});
    attach(world, 1, {3});
    begin(world, 1, write_op(0, "X"));
    if (!world.call(0, write_op(0, "Y"), 1 * s)) return "Y";
    world.run_for(20 * ms);
    world.network().heal_cuts();
    attach(world, 1, {1, 2, 3});
    if (!idle(world, 1, 3 * s)) return "liveness: no answer to X";
    return read_back(world, 0);
}

} // namespace

TEST_CASE("KM2: a vote claims that what exceeds another pipeline is committed", "[replica_bugs]") {
    tells_apart(Bug::KM2, full_pipeline_of_one, {"", "S5"}, {.voters = 5, .clients = 4});
}
TEST_CASE("KM4: the last vote of a replica counts, not its best", "[replica_bugs]") {
    tells_apart(Bug::KM4, worse_vote_later, {"", "S4"}, {.voters = 5});
}
TEST_CASE("KM5: a suffix in the wrong order is installed", "[replica_bugs]") {
    tells_apart(
        Bug::KM5, shuffled_suffix, {"", "liveness: 3 does not join view 1"}, {.clients = 2});
}
TEST_CASE("KM7: a StartView of a lower view is taken", "[replica_bugs]") {
    tells_apart(Bug::KM7, old_start_view, {"", "S10"});
}
TEST_CASE("KM8: a late answer to a recovery replaces the log of a replica that is well",
          "[replica_bugs]") {
    tells_apart(Bug::KM8, late_recovery_answer, {"", "S6"});
}
TEST_CASE("KM9: a replica that lags asks for nothing", "[replica_bugs]") {
    tells_apart(Bug::KM9, lagging_replica, {"", "O6: replica 3: asks for entries"});
}
TEST_CASE("KM10: a repaired entry has the op that is claimed, not its own", "[replica_bugs]") {
    tells_apart(Bug::KM10, entry_of_another_op, {"", "S9"});
}
TEST_CASE("KM11: a StartView may have more entries than a pipeline", "[replica_bugs]") {
    tells_apart(Bug::KM11, start_view_with_everything, {"", "halt: replica 3: halts: vote-suffix"});
}
TEST_CASE("KM12: ops are executed over a gap", "[replica_bugs]") {
    tells_apart(Bug::KM12, rotten_entry, {"", "S12"});
}
TEST_CASE("KM13: a backup proposes what it is asked for", "[replica_bugs]") {
    tells_apart(Bug::KM13, request_at_a_backup, {"", "S9"}, {.clients = 2});
}

} // namespace faultlab::simulator
