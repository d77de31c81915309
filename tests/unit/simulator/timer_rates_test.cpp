#include "simulator/scenario.hpp"
#include "simulator/simulation.hpp"
#include "simulator/world.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

constexpr Nanos ms = 1'000'000;

/// How many heartbeats the primary sends in so long.
std::uint64_t heartbeats(World& world, Nanos duration) {
    const auto rule = world.network().copy_if(is(Command::Commit) && to(2));
    world.run_for(duration);
    const std::uint64_t count = world.network().hits(rule);
    world.network().remove(rule);
    return count;
}

bool leads(World& world) {
    return world.run_until([&] { return world.primary() == ReplicaId{1}; }, 1'000 * ms);
}

/// What a scenario alarms of first, with this timer of all replicas at another rate.
template <Timer timer, std::int64_t permille>
std::string first_alarm(std::string_view name, std::uint64_t seeds) {
    static const Scenario* real = nullptr;
    real = find_scenario(name).value();
    const Scenario mistimed{.id = real->id,
                            .name = real->name,
                            .summary = real->summary,
                            .prepare = real->prepare,
                            .play = [](Stage& stage) {
                                real->play(stage);
                                for (ReplicaId id = 1; id <= stage.voters(); ++id)
                                    stage.world().set_timer_rate(id, timer, permille);
                            }};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Outcome outcome = simulate({.seed = seed, .scenario = &mistimed});
        if (!outcome.alarms.empty()) return outcome.alarms.front().by;
    }
    return {};
}

} // namespace

TEST_CASE("A timer that is starved rings later, one that is stormed earlier", "[simulator]") {
    World world({});
    REQUIRE(leads(world));
    const std::uint64_t usual = heartbeats(world, 200 * ms);
    REQUIRE(usual > 10);
    world.set_timer_rate(1, Timer::Heartbeat, 200);
    world.run_for(20 * ms); // one was set before
    const std::uint64_t starved = heartbeats(world, 200 * ms);
    CHECK(starved > 0);
    CHECK(starved <= usual / 4);
    CHECK(world.mistimed(1, Timer::Heartbeat) > 0);
    world.set_timer_rate(1, Timer::Heartbeat, 5000);
    world.run_for(50 * ms);
    CHECK(heartbeats(world, 200 * ms) > 4 * usual);
    CHECK(world.timer_rate(1, Timer::Heartbeat) == 5000);
    CHECK(world.timer_rate(2, Timer::Heartbeat) == 1000);
    CHECK(world.mistimed(2, Timer::Heartbeat) == 0);
    CHECK(world.violations().empty());
}

TEST_CASE("A timer that was starved rings in time as soon as it is well", "[simulator]") {
    World world({});
    REQUIRE(leads(world));
    world.set_timer_rate(1, Timer::Heartbeat, 10); // a second instead of 10 ms
    world.run_for(30 * ms);
    CHECK(heartbeats(world, 30 * ms) == 0);
    world.set_timer_rate(1, Timer::Heartbeat, 1000);
    CHECK(heartbeats(world, 30 * ms) >= 2);
}

TEST_CASE("What scrubbers promise is looked after", "[simulator]") {
    CHECK(first_alarm<Timer::Scrub, 100>("scrub-tours", 3) == "scrub");
    CHECK(first_alarm<Timer::Scrub, 10>("rot-of-every-kind", 10) == "scrub");
    CHECK(first_alarm<Timer::Scrub, 10'000>("scrub-budget", 3) == "scrub");
    CHECK(first_alarm<Timer::Scrub, 1000>("scrub-budget", 3).empty());
}
