#pragma once

#include "replica/core/records.hpp"
#include "replica/wire/mutators.hpp"
#include "tests/unit/replica_protocol/golden.hpp"

#include <string>
#include <string_view>
#include <utility>

/// Words that tests of planted bugs share.
namespace faultlab::simulator {

/// What came of a run: the first violation that a monitor saw, else what the scenario says went
/// wrong, else that the clients' history has no order. Empty when all is well.
inline std::string outcome(World& world, Schedule scenario) {
    const std::string wrong = scenario(world);
    if (!world.violations().empty()) return world.violations().front();
    if (!wrong.empty()) return wrong;
    const CheckResult verdict = world.linearizability();
    return verdict.verdict == Verdict::valid ? "" : "linearizability: " + verdict.reason;
}

/// How a scenario begins to end, without the bug and with it.
struct Ends {
    std::string_view clean;
    std::string_view broken;
};

/// Plays the scenario from several seeds, each without the bug and with it: the bug makes the
/// difference, and says so.
inline void
tells_apart(Bug bug, Schedule scenario, const Ends& ends, const WorldOptions& options = {}) {
    REQUIRE(ends.clean != ends.broken);
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        for (const bool planted : {false, true}) {
            WorldOptions with = options;
            with.seed = seed;
            if (planted) with.bugs.set(bug);
            World world(with);
            const std::string seen = outcome(world, scenario);
            const std::string_view expected = planted ? ends.broken : ends.clean;
            INFO("seed " << seed << ", " << (planted ? "with" : "without") << " the bug: " << seen);
            INFO(world.describe());
            CHECK(seen.substr(0, expected.size()) == expected);
            CHECK((planted || seen.size() == expected.size()));
            CHECK((world.bug_fired(bug) > 0) == planted);
        }
    }
}

/// Tells a lie in every packet that it is given; its checksums fit.
inline Mutator lie(replica::Mutator mutator, std::int64_t amount = 1) {
    return [mutation = Mutation{.mutator = mutator, .amount = amount}](Packet& packet) {
        const Surroundings around{.to = static_cast<ReplicaId>(packet.to)};
        const Mutated lied = mutate(mutation, {packet.header, packet.body}, around);
        packet.header = lied.messages.front().header;
        packet.body = lied.messages.front().body;
    };
}

/// The first packet only.
inline Mutator once(Mutator mutator) {
    return [mutator = std::move(mutator), done = false](Packet& packet) mutable {
        if (!std::exchange(done, true)) mutator(packet);
    };
}

/// Changes the entry in a Log message.
inline Mutator in_entry(std::function<void(Header&)> change) {
    return [change = std::move(change)](Packet& packet) {
        Header entry = header_from(packet.body);
        change(entry);
        entry.checksum = checksum_of(entry);
        std::memcpy(packet.body.data(), &entry, sizeof entry);
        reseal(packet);
    };
}

/// Runs until all replicas have executed the same log, and have its headers on their disks.
inline void come_to_rest(World& world) {
    settle(world);
    world.run_for(50 * ms);
}

inline Checksum checksum_at(const World& world, ReplicaId id, Op op) {
    const Header* entry = world.replica(id)->log(op);
    REQUIRE(entry != nullptr);
    return entry->checksum;
}

/// Each of the first `count` clients has an entry of its own committed, and answered, by 1 and
/// those of the others that it reaches; nobody but 1 hears that they are committed. The rule that
/// sees to it stays. False when it does not come to pass. Requires: all sessions are open.
inline bool commit_in_silence(World& world, std::size_t count) {
    Network& network = world.network();
    network.drop_if(is(Command::Commit) && from(1));
    const auto held = network.hold_if(is(Command::PrepareOk) && to(1));
    const Op head = world.telemetry(1).head;
    for (std::size_t client = 0; client < count; ++client) {
        begin(world, client, write_op(0, Value(static_cast<std::int64_t>(100 + client))));
        const auto there = [&] { return world.telemetry(1).durable == head + client + 1; };
        if (!world.run_until(there, 1 * s)) return false;
    }
    world.run_for(10 * ms); // it comes to the others' disks
    network.release(held);
    for (std::size_t client = 0; client < count; ++client) {
        if (!idle(world, client, 1 * s)) return false;
    }
    return true;
}

inline bool elects_anyone(World& world, Nanos limit = 3 * s) {
    return world.run_until([&] { return world.primary().has_value(); }, limit);
}

/// A client reads key 0 in the end.
inline std::string read_back(World& world, std::size_t client) {
    begin(world, client, read_op(0));
    return idle(world, client, 3 * s) ? "" : "liveness: no answer";
}

/// 2 and 3 hold different entries at one op of one view, 2's of which is committed; 1 is gone.
inline std::string fork_in_one_view(World& world) {
    open_session(world, 0);
    come_to_rest(world);
    Network& network = world.network();
    network.drop_if(is(Command::Commit) && from(1));
    network.mutate_if(is(Command::Prepare) && to(3), [](Packet& packet) {
        ++packet.header.timestamp;
        reseal(packet);
    });
    // It does not acknowledge it in view 0.
    world.disk(3).stall(Zone::Prepares, world.now() + 150 * ms);
    write_some(world, 0, 1);
    world.crash(1);
    world.run_for(200 * ms);
    return "";
}

/// Without the bug a fork is seen, and stops who sees it. With it one of the two logs wins in
/// silence, from some seeds the one without the committed entry.
inline void settles_forks(Bug bug) {
    int lost = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        World clean({.seed = seed});
        CHECK(outcome(clean, fork_in_one_view) ==
              "halt: replica 2: halts: two logs of one view differ");
        REQUIRE(clean.violations().size() == 2);
        CHECK(clean.violations()[1] == "A6: replica 2: refuses a message of n3: fork");
        CHECK(clean.bug_fired(bug) == 0);
        WorldOptions with{.seed = seed};
        with.bugs.set(bug);
        World broken(with);
        const std::string seen = outcome(broken, fork_in_one_view);
        INFO(seen);
        CHECK((seen.empty() || seen.starts_with("S4")));
        CHECK(broken.halted(2).empty());
        CHECK(broken.bug_fired(bug) > 0);
        lost += seen.empty() ? 0 : 1;
    }
    CHECK(lost > 0);
}

} // namespace faultlab::simulator
