#pragma once

#include "tests/unit/replica_protocol/cluster.hpp"

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace faultlab::simulator {

/// A directed schedule of at most three faults that shows why one rule of the protocol is there: a
/// cluster that keeps the rule comes through, one that breaks it is caught. Returns what did not
/// happen although it had to (an answer, a new primary); empty when all did.
using Schedule = std::string (*)(World&);

/// What went wrong in one run; empty when nothing did. Tells, to who asks, whether each bug that is
/// on changed an outcome. FAULTLAB_WORLD_TRACE=1 shows every event.
inline std::string play(WorldOptions options, Schedule schedule, bool* fired = nullptr) {
    const BugSet bugs = options.bugs;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets the environment of a test
    if (std::getenv("FAULTLAB_WORLD_TRACE") != nullptr) {
        options.trace = [](const std::string& line) { std::cerr << line << '\n'; };
    }
    World world(std::move(options));
    const std::string missing = schedule(world);
    if (fired != nullptr) {
        *fired = std::ranges::all_of(replica::bugs(), [&](const BugEntry& entry) {
            return !bugs.on(entry.bug) || world.bug_fired(entry.bug) > 0;
        });
    }
    if (!world.violations().empty()) return world.violations().front();
    const CheckResult verdict = world.linearizability();
    if (verdict.verdict != Verdict::valid) return "linearizability: " + verdict.reason;
    return missing.empty() ? "" : "liveness: " + missing + "\n" + world.describe();
}

/// Plays the schedule from several seeds, with the rule kept and then with it broken.
inline void golden(std::string_view bugs, Schedule schedule, const WorldOptions& options = {}) {
    constexpr std::uint64_t seeds = 12;
    std::uint64_t caught = 0;
    std::string how;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        WorldOptions clean = options;
        clean.seed = seed;
        CAPTURE(seed);
        CHECK(play(clean, schedule) == "");
        WorldOptions broken = clean;
        broken.bugs = bug_set(bugs);
        bool fired = false;
        const std::string failure = play(broken, schedule, &fired);
        if (failure.empty()) continue;
        CHECK(fired); // it is the bug that was caught
        ++caught;
        how = failure;
    }
    CAPTURE(bugs, how);
    CHECK(caught >= seeds / 2);
}

/// Sets the client's operation going, without waiting for it.
inline void begin(World& world, std::size_t client, Operation operation) {
    world.client(client).submit(std::move(operation));
}

inline bool idle(World& world, std::size_t client, Nanos limit) {
    return world.run_until([&] { return world.client(client).idle(); }, limit);
}

} // namespace faultlab::simulator
