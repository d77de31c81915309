#include "tests/unit/replica_bugs/scenario.hpp"

// Kimberlite's first mistakes and those of their fixes. 2 leads view 1, and 3 view 2.

namespace faultlab::simulator {
namespace {

/// 3 has executed an op; the StartView of view 1 says that another one is in its place.
std::string forged_history(World& world) {
    write_some(world, 0, 3);
    come_to_rest(world);
    const Op op = world.telemetry(3).commit_min;
    Header forged = *world.replica(3)->log(op);
    ++forged.timestamp;
    forged.checksum = checksum_of(forged);
    world.network().mutate_if(is(Command::StartView) && to(3), [=](Packet& packet) {
        packet.header.commit = op - 1;
        packet.header.parent = forged.checksum;
        packet.header.count = 1;
        const Bytes record = bytes_of(forged);
        packet.body.insert(packet.body.end(), record.begin(), record.end());
        reseal(packet);
    });
    world.network().mutate_if(is(Command::Log) && to(3), [=](Packet& packet) {
        const Bytes record = bytes_of(forged);
        std::ranges::copy(record, packet.body.begin());
        reseal(packet);
    });
    isolate(world, {1});
    if (!elects(world, 2)) return "no view 1";
    world.run_for(200 * ms);
    return "";
}

/// 3 hears that an op is committed that never came to it.
std::string unheard_op(World& world) {
    write_some(world, 0, 1);
    come_to_rest(world);
    const auto lost = world.network().drop_if(is(Command::Prepare) && to(3));
    if (!world.call(0, write_op(1, "lost"), 1 * s)) return "liveness: no answer";
    world.network().remove(lost);
    world.run_for(30 * ms);
    for (int value = 0; value < 8; ++value) {
        if (!world.call(0, write_op(0, value), 1 * s)) return "liveness: no answer";
    }
    return converges(world) ? "" : "liveness: no common log";
}

/// n = 5. 1 and 3 are on the wrong side with an op of their own, and 1's heartbeat claims more
/// than there is.
std::string inflated_commit(World& world) {
    open_session(world, 0);
    open_session(world, 1);
    come_to_rest(world);
    isolate(world, {1, 3});
    attach(world, 0, {1});
    attach(world, 1, {2, 4, 5});
    world.network().mutate_if(is(Command::Commit) && from(1) && to(3),
                              lie(replica::Mutator::InflateCommit, 5));
    begin(world, 0, write_op(0, "X"));
    if (!elects(world, 2)) return "no view 1";
    if (!world.call(1, write_op(0, "Y"), 1 * s)) return "Y";
    world.network().remove_rules();
    world.network().heal_cuts();
    attach(world, 0, {1, 2, 3, 4, 5});
    if (!idle(world, 0, 3 * s)) return "X";
    return read_back(world, 1);
}

/// 3 asks for an entry that it lacks, and is sent one of a view that its log does not know.
std::string entry_of_another_view(World& world) {
    write_some(world, 0, 1);
    come_to_rest(world);
    const auto lost = world.network().drop_if(is(Command::Prepare) && to(3));
    world.network().mutate_if(is(Command::Log) && to(3), once(in_entry([](Header& entry) {
                                  entry.view = entry.view.next();
                              })));
    write_some(world, 0, 1);
    world.network().remove(lost);
    return converges(world) ? read_back(world, 0) : "liveness: no common log";
}

/// 2 leads view 1 and commits with 3. 1 gets its StartView late, and forged: as if it were of
/// view 2, which 2 does not lead.
std::string start_view_of_no_primary(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    isolate(world, {1});
    const auto kept = world.network().hold_if(is(Command::StartView) && to(1));
    if (!elects(world, 2)) return "no view 1";
    attach(world, 0, {2});
    write_some(world, 0, 2);
    Packet& packet = world.network().kept(kept).front();
    packet.header.view = packet.header.view.next();
    reseal(packet);
    world.network().kept(kept).resize(1);
    world.network().drop_if(from(1) || to(1));
    world.network().heal(1, 2);
    world.network().release(kept);
    world.run_for(20 * ms);
    world.crash(2);
    world.network().remove_rules();
    world.network().heal_cuts();
    attach(world, 0, {1, 3});
    return read_back(world, 0);
}

/// All have an op that only 1 knows to be committed. 2's StartView to 3 ends before it, and its
/// suffix does not.
std::string suffix_longer_than_it_says(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    const Op before = world.telemetry(1).head;
    const Checksum parent = checksum_at(world, 1, before);
    if (!commit_in_silence(world, 1)) return "no entry";
    isolate(world, {1});
    Network& network = world.network();
    network.mutate_if(is(Command::StartView) && to(3), [=](Packet& packet) {
        packet.header.op = before;
        packet.header.parent = parent;
        reseal(packet);
    });
    network.drop_if((is(Command::Prepare) || is(Command::Log)) && to(3));
    if (!elects(world, 2)) return "no view 1";
    world.run_for(30 * ms);
    world.crash(2);
    network.remove_rules();
    network.heal_cuts();
    return read_back(world, 0);
}

/// 2 is alone while ops are committed, more than a pipeline; then 3's vote claims to know of none
/// of them that it is committed.
std::string vote_with_everything(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    isolate(world, {2});
    const Op before = world.telemetry(3).head;
    attach(world, 0, {1});
    write_some(world, 0, 8);
    world.run_for(50 * ms);
    world.crash(1);
    Network& network = world.network();
    network.mutate_if(is(Command::DoViewChange) && to(2), once([&world, before](Packet& packet) {
                          packet.header.commit = before;
                          packet.body.clear();
                          for (Op op = before + 1; op <= packet.header.op; ++op) {
                              SlotRecord record;
                              record.header = *world.replica(3)->log(op);
                              record.state = SlotState::Present;
                              const auto bytes = std::as_bytes(std::span(&record, 1));
                              packet.body.insert(packet.body.end(), bytes.begin(), bytes.end());
                          }
                          packet.header.count =
                              static_cast<std::uint32_t>(packet.header.op - before);
                          reseal(packet);
                      }));
    const auto unheard = network.drop_if(is(Command::PrepareOk) && to(2));
    network.heal_cuts();
    if (!elects(world, 2)) return "no view 1";
    if (!elects(world, 3)) return "liveness: no view 2";
    network.remove(unheard);
    attach(world, 0, {2, 3});
    return read_back(world, 0);
}

/// 3 asks 1 for an entry, and the range goes round: it ends before it begins.
std::string reversed_range(World& world) {
    write_some(world, 0, 2);
    come_to_rest(world);
    isolate(world, {3});
    write_some(world, 0, 10);
    world.network().mutate_if(is(Command::GetLog) && from(3), [](Packet& packet) {
        packet.header.to = packet.header.from - 1;
        reseal(packet);
    });
    const auto sent = world.network().drop_if(is(Command::Log) && to(3));
    world.network().heal_cuts();
    world.run_for(30 * ms);
    const std::uint64_t entries = world.network().hits(sent);
    world.network().remove_rules();
    if (!converges(world)) return "liveness: no common log";
    return entries == 0 ? ""
                        : "a range without entries is answered with " + std::to_string(entries);
}

} // namespace

TEST_CASE("K1: a view's suffix replaces what is committed, where a replica would stop",
          "[replica_bugs]") {
    tells_apart(Bug::K1, forged_history, {"halt: replica 3: halts: install-fork", "S3"});
}
TEST_CASE("K2: the commit number passes an op that is missing", "[replica_bugs]") {
    tells_apart(Bug::K2, unheard_op, {"", "S6"});
}
TEST_CASE("K3: an inflated commit number is believed", "[replica_bugs]") {
    tells_apart(Bug::K3, inflated_commit, {"", "S5"}, {.voters = 5, .clients = 2});
}
TEST_CASE("K4: a repaired entry may be of a view after its log's", "[replica_bugs]") {
    tells_apart(Bug::K4, entry_of_another_view, {"", "S9"});
}
TEST_CASE("K6: a StartView is taken from who does not lead its view", "[replica_bugs]") {
    tells_apart(Bug::K6, start_view_of_no_primary, {"", "S4"});
}
TEST_CASE("K3.1: a StartView may end before its suffix does", "[replica_bugs]") {
    tells_apart(Bug::K3_1, suffix_longer_than_it_says, {"", "S4"});
}
TEST_CASE("K3.3: a fork is settled by chance, without an alarm", "[replica_bugs]") {
    settles_forks(Bug::K3_3);
}
TEST_CASE("K3.4: a vote may have more entries than a pipeline", "[replica_bugs]") {
    tells_apart(Bug::K3_4, vote_with_everything, {"", "halt: replica 2: halts: vote-suffix"});
}
TEST_CASE("K3.5: a range that ends before it begins is answered", "[replica_bugs]") {
    tells_apart(Bug::K3_5, reversed_range, {"", "a range without entries is answered"});
}

} // namespace faultlab::simulator
