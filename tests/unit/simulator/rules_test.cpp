// Rules that look at whole clusters: each sees a planted bug before any other rule does.

#include "checker/monitors/catalogue.hpp"
#include "simulator/simulation.hpp"
#include "simulator/surveyor.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

struct Case {
    const char* rule;
    const char* bug;
    const char* scenario;
    std::uint64_t seed;
};

constexpr Case cases[] = {
    {.rule = "S17", .bug = "KM6", .scenario = "forged-checkpoints", .seed = 2},
    {.rule = "L1", .bug = "K3.2", .scenario = "failing-commands", .seed = 1},
    {.rule = "L2", .bug = "V6", .scenario = "combined", .seed = 2},
    {.rule = "L3", .bug = "B9", .scenario = "primary-isolated", .seed = 2},
    {.rule = "L4", .bug = "K3.2", .scenario = "failing-commands", .seed = 5},
    {.rule = "L5", .bug = "KM7", .scenario = "promotions", .seed = 6},
    {.rule = "L7", .bug = "B10", .scenario = "primary-isolated", .seed = 1},
    {.rule = "O5", .bug = "B22", .scenario = "combined", .seed = 2},
    {.rule = "O6", .bug = "KM9", .scenario = "combined", .seed = 4},
    {.rule = "R1", .bug = "B4", .scenario = "scrub-budget", .seed = 4},
};

std::string first_alarm(const Case& of, std::uint64_t seed, bool with_bug) {
    Simulation simulation{.seed = seed, .scenario = find_scenario(of.scenario).value()};
    if (with_bug) simulation.bugs = replica::parse_bugs(of.bug).bugs;
    const Outcome outcome = simulate(simulation);
    return outcome.alarms.empty() ? "" : outcome.alarms.front().by;
}

} // namespace

TEST_CASE("Each rule about whole clusters sees a planted bug first", "[simulator]") {
    for (const Case& each : cases) {
        CAPTURE(each.rule, each.bug);
        CHECK(first_alarm(each, each.seed, true) == each.rule);
        CHECK(first_alarm(each, each.seed, false).empty());
        const auto rule = std::ranges::find(monitor_catalogue(), each.rule, &MonitorEntry::id);
        REQUIRE(rule != monitor_catalogue().end());
        CHECK(rule->control == each.bug);
    }
}

TEST_CASE("What is promised of a world follows from its options", "[simulator]") {
    WorldOptions options;
    const Setup calm = setup_of(options);
    CHECK(calm.message == options.network.delay_max);
    CHECK(calm.silence == options.timeouts.primary_silent * 3 / 2 + options.timeouts.lease);
    CHECK(calm.abdication > options.timeouts.abdicate * 3 / 2); // its clock may be slow
    CHECK(calm.pipeline_most == options.limits.pipeline + 1);
    options.network.loss_permille = 10;
    CHECK(setup_of(options).message > calm.message);
    CHECK(setup_of(options).repair > calm.repair);
    options.timeouts.sync *= 2;
    CHECK(setup_of(options).repair > setup_of({}).repair);
}
