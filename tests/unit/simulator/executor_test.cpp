#include "simulator/executor.hpp"
#include "simulator/setup.hpp"
#include "simulator/simulation.hpp"
#include "tests/support/catch.hpp"

#include <optional>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

/// What the executor stored last, of the plans that it was given.
struct Kept {
    std::optional<Record> record;
    SimulationExecutor executor{[this](const Record& of) -> Result<std::filesystem::path> {
        record = of;
        return std::filesystem::path("run.db");
    }};
};

Simulation torn() {
    return {.seed = 7,
            .scenario = find_scenario("torn-writes").value(),
            .bugs = replica::parse_bugs("V5").bugs,
            .overrides = {parse_override("voters=3").value()},
            .events = 1'500};
}

} // namespace

TEST_CASE("A plan is enough to simulate it again", "[simulator]") {
    const Outcome before = simulate(torn());
    Kept kept;
    const auto outcome = kept.executor.run(before.record.plan);
    REQUIRE(outcome);
    CHECK(outcome->run_db == "run.db");
    REQUIRE(kept.record);
    CHECK(kept.record->plan == before.record.plan);
    REQUIRE(kept.record->history.size() == before.record.history.size());
    for (OpId op = 0; op < static_cast<OpId>(before.record.history.size()); ++op)
        CHECK(kept.record->history.op(op).t_ret == before.record.history.op(op).t_ret);
}

TEST_CASE("A plan survives its text", "[simulator]") {
    Simulation simulation = torn();
    simulation.script = parse_script("stop 400; op write at 5 client c1 node n1 key 0 arg 1;"
                                     "fault cut at 10 until 30 links n1>n2,n2>n1")
                            .value();
    const Plan plan = plan_of(simulation, knobs_of(simulation));
    const auto again = simulation_of(plan_from_json(to_json(plan)).value());
    REQUIRE(again);
    CHECK(again->seed == 7);
    CHECK(again->scenario == simulation.scenario);
    CHECK(again->bugs.on(replica::Bug::V5));
    CHECK(again->overrides == simulation.overrides);
    CHECK(again->events == 1'500);
    CHECK(again->script == simulation.script);
}

TEST_CASE("Other plans are refused, and nothing is stored", "[simulator]") {
    const Plan plan = plan_of(torn(), knobs_of(torn()));
    Kept kept;
    SECTION("of a real run") {
        const auto outcome = kept.executor.run({.seed = 7, .system = "vsr", .workload = "kv"});
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().message == "this plan is not one of a simulation");
    }
    SECTION("changed where the simulator would not notice") {
        Plan other = plan;
        other.nodes = 5;
        const auto outcome = kept.executor.run(other);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().message ==
              "the plan was changed, or another version of the simulator made it");
    }
    SECTION("of a bug that nobody knows") {
        Plan other = plan;
        other.options["bug"] = "V99";
        const auto outcome = kept.executor.run(other);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().message == "unknown bug V99");
    }
    CHECK_FALSE(kept.record);
}
