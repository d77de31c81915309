#pragma once

#include "simulator/nemesis.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/simulated.hpp"

#include <initializer_list>

/// Words that tests of the protocol share.
namespace faultlab::simulator {

constexpr Nanos ms = 1'000'000;
constexpr Nanos s = 1000 * ms;

/// For loops over some replicas.
inline std::vector<ReplicaId> ids(std::initializer_list<ReplicaId> some) {
    return some;
}

/// Nothing bad was seen so far, and the clients' histories have an order.
inline void check_sound(const World& world) {
    INFO(world.describe());
    CHECK(world.violations().empty());
    const CheckResult result = world.linearizability();
    INFO(result.reason);
    CHECK(result.verdict != Verdict::invalid); // unknown: there were no registers
}

inline bool converges(World& world, Nanos limit = 3 * s) {
    return world.run_until([&] { return world.converged(); }, limit);
}

/// Brings about a cluster that is Normal and idle. Requires: nothing prevents it. A broken rule
/// ends the run, and so the wait.
inline void settle(World& world) {
    const bool settled = converges(world);
    INFO(world.describe());
    REQUIRE((settled || !world.violations().empty()));
}

/// Lets the client write `count` values to key 0 and requires that each is answered.
inline void write_some(World& world, std::size_t client, int count) {
    for (int i = 0; i < count; ++i) {
        const auto result = world.call(client, write_op(0, Value(i)));
        INFO(world.describe());
        REQUIRE(result.has_value());
        REQUIRE(result->outcome == Outcome::Ok);
    }
}

/// Opens the client's session, so that what follows is its own operation only. A broken rule ends
/// ends the run, and so the wait.
inline void open_session(World& world, std::size_t client) {
    const bool opened = world.call(client, read_op("session")).has_value();
    REQUIRE((opened || !world.violations().empty()));
}

/// Separates these from all other replicas, both ways; clients reach everyone as before.
inline void isolate(World& world, std::initializer_list<ReplicaId> side) {
    for (const ReplicaId id : side) {
        for (ReplicaId other = 1; other <= world.size(); ++other) {
            const bool inside = std::ranges::find(side, other) != side.end();
            if (!inside) world.network().cut(id, other);
        }
    }
}

/// The client reaches these only; with none it is cut off.
inline void attach(World& world, std::size_t client, std::initializer_list<ReplicaId> to) {
    if (to.size() > 0) world.client(client).set_targets(to);
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        if (std::ranges::find(to, id) == to.end()) {
            world.network().cut(world.client_endpoint(client), id);
        } else {
            world.network().heal(world.client_endpoint(client), id);
        }
    }
}

/// Asks for the epoch with these members.
inline Operation reconfigure(std::uint32_t epoch,
                             std::initializer_list<ReplicaId> voters,
                             std::initializer_list<ReplicaId> standbys = {}) {
    Operation operation{.code = OpCode::Reconfigure};
    Membership& wanted = operation.membership;
    wanted.epoch = epoch;
    wanted.voter_count = static_cast<std::uint8_t>(voters.size());
    wanted.standby_count = static_cast<std::uint8_t>(standbys.size());
    std::ranges::copy(voters, wanted.voters.begin());
    std::ranges::copy(standbys, wanted.standbys.begin());
    return operation;
}

inline bool leads(const World& world, ReplicaId id) {
    return world.primary() == id;
}

/// Runs until this replica is a Normal primary.
inline bool elects(World& world, ReplicaId id, Nanos limit = 2 * s) {
    return world.run_until([&] { return leads(world, id); }, limit);
}

} // namespace faultlab::simulator
