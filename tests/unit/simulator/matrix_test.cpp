#include "simulator/matrix.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <vector>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

Trial found(std::uint64_t simulations, std::string by = "S1") {
    return {.found = true,
            .simulations = simulations,
            .events = 100 * simulations,
            .by = std::move(by)};
}
Trial in_vain(std::uint64_t simulations) {
    return {.simulations = simulations};
}

} // namespace

TEST_CASE("A tally counts searches in vain as longer than all others", "[simulator]") {
    const std::vector<Trial> some{
        found(10), in_vain(5), found(20, "S4"), found(30, "S4"), in_vain(900)};
    const Tally said = tally(some);
    CHECK(said.trials == 5);
    CHECK(said.found == 3);
    CHECK(said.median == 30);
    CHECK(said.median_events == 3000);
    CHECK_FALSE(said.ninth_decile);
    CHECK(said.tried == 900);
    CHECK(said.by == "S4");
}

TEST_CASE("A tally has no median where most searches were in vain", "[simulator]") {
    CHECK_FALSE(tally(std::vector<Trial>{found(1), in_vain(7), in_vain(7)}).median);
    CHECK_FALSE(tally({}).median);
    CHECK(tally(std::vector<Trial>{found(4)}).ninth_decile == 4);
}

TEST_CASE("Nine of ten searches are within the ninth decile", "[simulator]") {
    std::vector<Trial> ten;
    for (std::uint64_t i = 1; i <= 10; ++i)
        ten.push_back(found(i));
    CHECK(tally(ten).median == 5);
    CHECK(tally(ten).ninth_decile == 9);
}

TEST_CASE("What is found easily is searched for more often", "[simulator]") {
    std::vector<Trial> trials;
    CHECK(trials_wanted(trials) == first_trials);
    trials.assign(first_trials, found(easy - 1));
    CHECK(trials_wanted(trials) == all_trials);
    trials.assign(first_trials, found(easy));
    CHECK(trials_wanted(trials) == first_trials);
    trials.assign(first_trials, in_vain(10));
    CHECK(trials_wanted(trials) == first_trials);
}

TEST_CASE("Every planted bug has one row of the matrix", "[simulator]") {
    for (const replica::BugEntry& bug : replica::bugs())
        CHECK(std::ranges::count(quarries(), bug.id, &Quarry::bugs) == 1);
    for (const Quarry& quarry : quarries()) {
        INFO(quarry.bugs);
        CHECK_FALSE(replica::parse_bugs(quarry.bugs).unknown);
        CHECK((quarry.scenario.empty() || find_scenario(quarry.scenario).ok()));
    }
}

TEST_CASE("A search finds what breaks every simulation, and says where", "[simulator]") {
    // Planted bug B24: scans give entries in the order of memory.
    const Cell cell{.bugs = replica::parse_bugs("B24").bugs,
                    .scenario = find_scenario("baseline").value()};
    const Trial first = hunt(cell, 3, {.simulations = 50, .events = 500});
    REQUIRE(first.found);
    CHECK(first.by == "S12");
    CHECK(first.seed == 3'000'000 + first.simulations - 1);
    const Trial again = hunt(cell, 3, {.simulations = 50, .events = 500});
    CHECK(again.simulations == first.simulations);
    CHECK(again.events == first.events);
}

TEST_CASE("A search that finds nothing says how much it tried", "[simulator]") {
    const Cell cell{.scenario = find_scenario("baseline").value()};
    const Trial trial = hunt(cell, 0, {.simulations = 3, .events = 500});
    CHECK_FALSE(trial.found);
    CHECK(trial.simulations == 3);
    CHECK(
        hunt(cell, 0, {.simulations = 3, .events = 500, .over = [] { return true; }}).simulations ==
        1);
}
