// Failing simulations of planted bugs, and how little of them is left.

#include "simulator/setup.hpp"
#include "simulator/shrink.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

struct Case {
    const char* bugs;
    const char* scenario;
    std::uint64_t seed; ///< the first that is tried
    const char* by;     ///< who sees it
};

Simulation simulation_of(const Case& one) {
    const replica::ParsedBugs parsed = replica::parse_bugs(one.bugs);
    REQUIRE_FALSE(parsed.unknown);
    return {.seed = one.seed, .scenario = find_scenario(one.scenario).value(), .bugs = parsed.bugs};
}

/// The first that it sees. Which seed that is changes with the store.
Simulation failing(const Case& one) {
    Simulation simulation = simulation_of(one);
    for (int tries = 0; tries < 500; ++tries, ++simulation.seed) {
        const Outcome outcome = simulate(simulation);
        if (outcome.verdict == Verdict::invalid && outcome.alarms.front().by == one.by) break;
    }
    return simulation;
}

void check_small(const Case& one) {
    const Simulation simulation = failing(one);
    CAPTURE(one.bugs, one.scenario, simulation.seed);
    const auto shrunk = shrink(simulation, {.runs_most = 10'000});
    INFO((shrunk ? "" : shrunk.error().text()));
    REQUIRE(shrunk);
    for (const std::string& line : shrunk->story)
        UNSCOPED_INFO(line);
    CHECK(shrunk->signature.by == one.by);
    CHECK(shrunk->after.faults <= 3);
    CHECK(shrunk->after.operations <= 4);
    CHECK(shrunk->after.sessions <= 4);
    CHECK(shrunk->after.events < shrunk->before.events);
    CHECK(shrunk->repeated == repeats);
    CHECK(shrunk->without_bugs);
    // What is kept of it tells all that it takes to simulate it again.
    const auto again = simulator::simulation_of(shrunk->outcome.record.plan);
    REQUIRE(again);
    CHECK(simulate(*again).chain == shrunk->outcome.chain);
    REQUIRE_FALSE(shrunk->outcome.alarms.empty());
    CHECK(signature_of(shrunk->outcome.alarms.front()) == shrunk->signature);
    if (!shrunk->complete) return;
    CHECK(shrunk->needed.size() ==
          shrunk->after.faults + shrunk->after.operations + shrunk->after.sessions);
}

} // namespace

TEST_CASE("Bugs of disks and restarts are shrunk to a few lines", "[simulations]") {
    check_small({"B1", "combined", 2, "S14"});
    check_small({"V5", "combined", 2, "S9"});
    check_small({"V9", "combined", 2, "S15"});
}

TEST_CASE("Bugs that need no fault are shrunk to none", "[simulations]") {
    check_small({"B11", "combined", 1, "S5"});
    check_small({"K2", "combined", 1, "S6"});
    check_small({"B16", "combined", 1, "S12"});
}

TEST_CASE("Bugs of view changes are shrunk to a few lines", "[simulations]") {
    check_small({"F1", "combined", 6, "S5"});
    check_small({"T2", "old-views", 0x28, "S6"});
}

TEST_CASE("Bugs that only lies show are shrunk to a few lines", "[simulations]") {
    check_small({"K3", "inflated-commit", 1, "A8"});
    check_small({"K6", "wrong-metadata", 0x35, "S9"});
    check_small({"K3.3", "forked-votes", 1, "S4"});
    check_small({"K3.4", "oversized-suffixes", 1, "A5"});
    check_small({"KM3", "flipped-bits", 1, "A4"});
    check_small({"KM4", "votes-taken-back", 1, "S4"});
    check_small({"KM6", "forged-checkpoints", 1, "S17"});
}

TEST_CASE("What only the answers of clients show is shrunk too", "[simulations]") {
    check_small({"V11", "leader-race", 0x65, "linearizability"});
}

TEST_CASE("A shrunk simulation is a function of what it came from", "[simulations]") {
    const Simulation simulation = simulation_of({"B1", "combined", 2, "S14"});
    const auto one = shrink(simulation, {.runs_most = 300});
    const auto other = shrink(simulation, {.runs_most = 300});
    REQUIRE(one);
    REQUIRE(other);
    CHECK(text(*one->simulation.script) == text(*other->simulation.script));
    CHECK(one->outcome.chain == other->outcome.chain);
}

TEST_CASE("A search that is ended early still shows the same", "[simulations]") {
    int asked = 0;
    const auto shrunk = shrink(simulation_of({"B1", "combined", 2, "S14"}),
                               {.enough = [&asked] { return ++asked > 20; }});
    REQUIRE(shrunk);
    CHECK_FALSE(shrunk->complete);
    CHECK(shrunk->needed.empty());
    CHECK(shrunk->signature.by == "S14");
    CHECK(shrunk->outcome.alarms.front().by == "S14");
}

TEST_CASE("With nothing wrong there is nothing to shrink", "[simulations]") {
    const auto shrunk = shrink({.seed = 3, .scenario = find_scenario("baseline").value()}, {});
    REQUIRE_FALSE(shrunk);
    CHECK(shrunk.error().kind == ErrorKind::usage);
}
