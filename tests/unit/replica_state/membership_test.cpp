#include "tests/support/catch.hpp"
#include "tests/support/simulated.hpp"

#include <algorithm>

namespace faultlab::simulator {
namespace {

constexpr Nanos ms = 1'000'000;

std::vector<ReplicaId> ids(std::initializer_list<int> numbers) {
    std::vector<ReplicaId> result;
    for (const int number : numbers) {
        result.push_back(static_cast<ReplicaId>(number));
    }
    return result;
}

Operation reconfigure(std::uint32_t epoch,
                      std::initializer_list<int> voters,
                      std::initializer_list<int> standbys = {}) {
    Operation operation{.code = OpCode::Reconfigure};
    Membership& membership = operation.membership;
    membership.epoch = epoch;
    for (const ReplicaId id : ids(voters)) {
        membership.voters[membership.voter_count++] = id;
    }
    for (const ReplicaId id : ids(standbys)) {
        membership.standbys[membership.standby_count++] = id;
    }
    return operation;
}

Operation upgrade() {
    return {.code = OpCode::Upgrade, .release = 2};
}

/// The outcome of the operation, or "none" when it did not end.
std::string outcome(World& world, const Operation& operation, Nanos limit = 3000 * ms) {
    const auto result = world.call(0, operation, limit);
    return result ? name(result->outcome) : "none";
}

bool in_epoch(World& world, std::uint32_t epoch, std::initializer_list<int> members) {
    return std::ranges::all_of(ids(members), [&](ReplicaId id) {
        const Telemetry telemetry = world.telemetry(id);
        return world.running(id) && telemetry.view.epoch() == epoch &&
               telemetry.log_view.epoch() == epoch && telemetry.status == Status::Normal &&
               telemetry.membership.epoch == epoch;
    });
}

/// All these end up in the epoch, with one log.
void check_epoch(World& world, std::uint32_t epoch, std::initializer_list<int> members) {
    const bool entered = world.run_until(
        [&] {
            const Telemetry first = world.telemetry(ids(members).front());
            return in_epoch(world, epoch, members) &&
                   std::ranges::all_of(ids(members), [&](ReplicaId id) {
                       const Telemetry other = world.telemetry(id);
                       return other.head_checksum == first.head_checksum &&
                              other.commit_min == other.head && other.view == first.view;
                   });
        },
        5000 * ms);
    INFO(world.describe());
    CHECK(entered);
    for (const std::string& violation : world.violations()) {
        FAIL_CHECK(violation);
    }
}

void write(World& world, int key) {
    CHECK(outcome(world, write_op(key, key)) == "ok");
}

} // namespace

TEST_CASE("A standby becomes a voter, and a voter leaves", "[replica_state]") {
    World world({.standbys = 1});
    write(world, 1);
    CHECK(outcome(world, reconfigure(1, {1, 2, 4})) == "ok");
    check_epoch(world, 1, {1, 2, 4});
    CHECK(world.run_until([&] { return world.status(3) == Status::Retired; }, 1000 * ms));
    CHECK(world.telemetry(1).membership.began_at == world.telemetry(1).head);
    write(world, 2);
    // The new voter counts: without it there would be one of three.
    world.crash(2);
    write(world, 3);
    world.crash(4);
    CHECK(outcome(world, write_op(4, 4), 500 * ms) == "none");
    world.start(2);
    write(world, 5);
    CHECK(world.violations().empty());
}

TEST_CASE("The primary can leave", "[replica_state]") {
    World world({.standbys = 1});
    write(world, 1);
    REQUIRE(world.primary() == 1);
    CHECK(outcome(world, reconfigure(1, {2, 3, 4})) == "ok");
    check_epoch(world, 1, {2, 3, 4});
    CHECK(world.run_until([&] { return world.status(1) == Status::Retired; }, 1000 * ms));
    world.client(0).ask(2);
    write(world, 2);
    // Who is retired stays so after a restart, and who was away comes back into the epoch.
    world.crash(1);
    world.start(1);
    world.crash(3);
    world.start(3);
    check_epoch(world, 1, {2, 3, 4});
    CHECK(world.status(1) == Status::Retired);
}

TEST_CASE("A cluster grows from three to five and shrinks again", "[replica_state]") {
    World world({.standbys = 2});
    write(world, 1);
    CHECK(outcome(world, reconfigure(1, {1, 2, 3, 4, 5})) == "ok");
    check_epoch(world, 1, {1, 2, 3, 4, 5});
    world.crash(4);
    world.crash(5);
    write(world, 2);
    world.start(4);
    world.start(5);
    check_epoch(world, 1, {1, 2, 3, 4, 5});
    CHECK(outcome(world, reconfigure(2, {3, 4, 5}, {1})) == "ok");
    check_epoch(world, 2, {1, 3, 4, 5});
    world.client(0).ask(3);
    write(world, 3);
    CHECK(world.telemetry(1).role == Role::Standby);
}

TEST_CASE("A replica without a membership joins once an epoch lists it", "[replica_state]") {
    World world({.joiners = 1});
    write(world, 1);
    CHECK(outcome(world, reconfigure(1, {1, 2, 4})) == "refused"); // it has nothing yet
    CHECK(world.telemetry(4).membership.voter_count == 0);
    CHECK(outcome(world, reconfigure(1, {1, 2, 3}, {4})) == "ok");
    check_epoch(world, 1, {1, 2, 3, 4});
    write(world, 2);
    CHECK(outcome(world, reconfigure(2, {1, 2, 4})) == "ok");
    check_epoch(world, 2, {1, 2, 4});
}

TEST_CASE("A reconfiguration is refused where its conditions do not hold", "[replica_state]") {
    World world({.standbys = 1, .joiners = 1});
    write(world, 1);
    CHECK(outcome(world, reconfigure(2, {1, 2, 3})) == "refused"); // not the next epoch
    CHECK(outcome(world, reconfigure(0, {1, 2, 3})) == "refused");
    CHECK(outcome(world, reconfigure(1, {1, 2, 5})) == "refused"); // no member
    CHECK(in_epoch(world, 0, {1, 2, 3, 4}));
    CHECK(outcome(world, reconfigure(1, {1, 2, 4})) == "ok");
    CHECK(outcome(world, reconfigure(1, {1, 2, 4})) == "refused"); // it is the current one
    check_epoch(world, 1, {1, 2, 4});
}

TEST_CASE("A standby that lags is no voter yet", "[replica_state]") {
    for (const bool bug : {false, true}) {
        World world({.standbys = 1, .bugs = bug_set(bug ? "B21" : "")});
        write(world, 1);
        world.network().cut_one_way(4, 1);
        world.network().cut_one_way(1, 4);
        for (int key = 2; key < 9; ++key) {
            write(world, key);
        }
        const std::string ended = outcome(world, reconfigure(1, {1, 2, 4}));
        CHECK(ended == (bug ? "ok" : "refused"));
        CHECK(world.bug_fired(Bug::B21) == (bug ? 1 : 0));
    }
}

TEST_CASE("An epoch needs the quorums of both memberships", "[replica_state]") {
    for (const bool bug : {false, true}) {
        World world({.standbys = 2, .bugs = bug_set(bug ? "B19" : "")});
        write(world, 1);
        // Both who come in are cut off just before: the old voters alone would suffice.
        for (const Endpoint other : {1U, 2U, 3U}) {
            world.network().cut(other, 4);
            world.network().cut(other, 5);
        }
        world.client(0).submit(reconfigure(1, {1, 4, 5}));
        world.run_for(500 * ms);
        CHECK(world.telemetry(1).view.epoch() == (bug ? 1U : 0U));
        CHECK((world.bug_fired(Bug::B19) > 0) == bug);
        if (!bug) {
            world.network().heal_cuts();
            check_epoch(world, 1, {1, 4, 5});
            CHECK(world.client(0).idle());
        }
    }
}

TEST_CASE("The epoch is entered although its first primary is gone", "[replica_state]") {
    for (const int survivor : {2, 3}) {
        World world({.standbys = 1});
        write(world, 1);
        // Only one besides the primary learns that it is committed; then the primary is lost.
        const auto away = static_cast<Endpoint>(survivor == 2 ? 3 : 2);
        bool stop = false;
        world.network().drop_if([&stop, away](const Packet& packet) {
            return stop || (packet.from == 1 && packet.to != away && !is_client(packet.to) &&
                            packet.header.command == Command::Commit && packet.header.commit > 3);
        });
        world.network().drop_if([](const Packet& packet) {
            return packet.from == 1 && packet.header.command == Command::StartView;
        });
        world.client(0).submit(reconfigure(1, {1, 2, 3, 4}));
        CHECK(world.run_until([&] { return world.telemetry(1).view.epoch() == 1; }, 1000 * ms));
        world.run_for(2 * ms);
        world.crash(1);
        world.network().remove_rules();
        check_epoch(world, 1, {2, 3, 4});
        world.client(0).ask(2);
        write(world, 2);
    }
}

TEST_CASE("A replica that slept through an epoch wakes up in it", "[replica_state]") {
    World world({.standbys = 2});
    write(world, 1);
    world.pause(2);
    CHECK(outcome(world, reconfigure(1, {1, 3, 4})) == "ok");
    write(world, 2);
    world.resume(2);
    CHECK(world.run_until([&] { return world.status(2) == Status::Retired; }, 2000 * ms));
    check_epoch(world, 1, {1, 3, 4});
    // And is taken in again.
    world.crash(3);
    CHECK(outcome(world, reconfigure(2, {1, 3, 4}, {2})) == "ok");
    check_epoch(world, 2, {1, 2, 4});
    world.start(3);
    check_epoch(world, 2, {1, 2, 3, 4});
}

namespace {

/// Any members of the six, three or five of them voters.
Operation random_membership(Rng& rng, std::uint32_t epoch) {
    std::vector<ReplicaId> all = ids({1, 2, 3, 4, 5, 6});
    rng.shuffle(std::span(all));
    const std::size_t voters = rng.chance(1, 4) ? 5 : 3;
    Operation operation{.code = OpCode::Reconfigure};
    Membership& membership = operation.membership;
    membership.epoch = epoch;
    for (std::size_t index = 0; index < all.size(); ++index) {
        if (index < voters) {
            membership.voters[membership.voter_count++] = all[index];
        } else if (rng.chance(3, 4)) {
            membership.standbys[membership.standby_count++] = all[index];
        }
    }
    return operation;
}

/// Cuts one replica off, or its power, in the course of the next 40 ms; it comes back soon.
void disturb(World& world, Rng& rng) {
    const auto victim = static_cast<ReplicaId>(1 + rng.below(6));
    const bool cut = rng.chance(1, 3);
    world.after(static_cast<Nanos>(rng.below(400)) * ms / 10, [&world, victim, cut] {
        if (cut) {
            for (ReplicaId other = 1; other <= 6; ++other) {
                if (other != victim) {
                    world.network().cut(victim, other);
                }
            }
            world.after(100 * ms, [&world] { world.network().heal_cuts(); });
        } else if (world.running(victim)) {
            world.power_cut(victim);
            world.after(5 * ms, [&world, victim] { world.start(victim); });
        }
    });
}

} // namespace

TEST_CASE("Epochs follow each other through crashes, cuts and losses", "[replica_state]") {
    std::uint32_t epochs = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        WorldOptions options{.seed = seed, .standbys = 2, .joiners = 1, .clients = 2};
        options.network.loss_permille = static_cast<std::uint32_t>(seed % 3 * 50);
        options.network.duplicate_permille = static_cast<std::uint32_t>(seed % 2 * 30);
        options.network.reorder = seed % 2 != 0;
        World world(options);
        Rng rng(seed);
        world.client(1).set_workload([count = 0](Rng&) mutable -> std::optional<Operation> {
            return ++count <= 40 ? std::optional(write_op(count % 3, count)) : std::nullopt;
        });
        std::uint32_t epoch = 0;
        for (int round = 0; round < 3; ++round) {
            disturb(world, rng);
            disturb(world, rng);
            world.client(0).submit(random_membership(rng, epoch + 1));
            world.run_until([&] { return world.client(0).idle(); }, 4000 * ms);
            world.run_for(300 * ms);
            if (world.primary()) {
                epoch = world.telemetry(*world.primary()).membership.epoch;
            }
        }
        world.network().heal_cuts();
        world.network().options().loss_permille = 0;
        const bool quiet = world.run_until(
            [&] { return world.converged() && world.client(0).idle() && world.client(1).idle(); },
            8000 * ms);
        INFO("seed " << seed << "\n" << world.describe());
        CHECK(quiet);
        for (const std::string& violation : world.violations()) {
            FAIL_CHECK(violation);
        }
        for (ReplicaId id = 1; id <= world.size(); ++id) {
            const auto& rejects = world.telemetry(id).rejects;
            CHECK(std::ranges::all_of(rejects, [](std::uint64_t count) { return count == 0; }));
        }
        epochs += epoch;
    }
    CHECK(epochs > 100);
}

TEST_CASE("An upgrade is the last op before a checkpoint", "[replica_state]") {
    World world({});
    const Operation swap{.code = OpCode::Swap, .key = 1, .value = 2};
    write(world, 1);
    CHECK(outcome(world, swap) == "unsupported");
    CHECK(outcome(world, upgrade()) == "ok");
    CHECK(world.telemetry(1).head == 12);
    CHECK(world.telemetry(1).release_active == 2);
    CHECK(outcome(world, swap) == "ok");
    CHECK(outcome(world, upgrade()) == "refused");
    CHECK(world.violations().empty());
}

TEST_CASE("An upgrade is refused while a voter's program cannot", "[replica_state]") {
    World world({});
    world.crash(3);
    world.start(3, 1);
    world.run_for(200 * ms);
    CHECK(outcome(world, upgrade()) == "refused");
    world.crash(3);
    world.start(3, 2);
    world.run_for(200 * ms);
    CHECK(outcome(world, upgrade()) == "ok");
    CHECK(world.violations().empty());
}

TEST_CASE("A program that is too old stops at an upgrade", "[replica_state]") {
    World world({});
    write(world, 1);
    world.pause(3);
    CHECK(outcome(world, upgrade()) == "ok");
    world.crash(3);
    world.start(3, 1);
    world.run_for(500 * ms);
    CHECK(world.halted(3) == "the log needs a program of a newer release");
}

TEST_CASE("A program can be taken back until the upgrade's checkpoint", "[replica_state]") {
    World world({});
    for (const std::uint32_t release : {1U, 2U, 1U}) { // all of them, one by one
        for (const ReplicaId id : ids({1, 2, 3})) {
            world.crash(id);
            world.start(id, release);
            write(world, static_cast<int>(id));
            REQUIRE(world.run_until([&] { return world.converged(); }, 1000 * ms));
        }
    }
    for (const ReplicaId id : ids({1, 2, 3})) {
        world.crash(id);
        world.start(id, 2);
        REQUIRE(world.run_until([&] { return world.converged(); }, 1000 * ms));
    }
    CHECK(outcome(world, upgrade()) == "ok");
    const auto everywhere = [&] {
        return std::ranges::all_of(ids({1, 2, 3}), [&](ReplicaId id) {
            const Telemetry telemetry = world.telemetry(id);
            return telemetry.release_active == 2 && telemetry.checkpoint == telemetry.commit_min;
        });
    };
    REQUIRE(world.run_until(everywhere, 1000 * ms));
    CHECK(world.violations().empty());
    world.crash(3);
    world.start(3, 1);
    world.run_for(20 * ms);
    CHECK(world.halted(3) == "the active release is newer than this program");
}

TEST_CASE("B15: an upgrade anywhere changes what was done before it", "[replica_state]") {
    for (const bool bug : {false, true}) {
        World world({.bugs = bug_set(bug ? "B15" : "")});
        write(world, 1);
        CHECK(outcome(world, {.code = OpCode::Swap, .key = 1, .value = 2}) == "unsupported");
        CHECK(outcome(world, upgrade()) == "ok");
        CHECK((world.telemetry(1).head < 12) == bug);
        CHECK(world.bug_fired(Bug::B15) == (bug ? 1 : 0));
        world.run_for(50 * ms);
        world.crash(3);
        world.start(3); // and executes the log anew, with the release that the superblock names
        world.run_for(200 * ms);
        for (int key = 0; key < 4; ++key) {
            world.call(0, write_op(key, key), 500 * ms);
        }
        CHECK(world.violations().empty() != bug);
    }
}

} // namespace faultlab::simulator
