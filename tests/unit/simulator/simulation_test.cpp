#include "simulator/simulation.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <string>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

const Scenario& named(std::string_view name) {
    return *find_scenario(name).value();
}

} // namespace

TEST_CASE("A seed is a simulation", "[simulator]") {
    for (const Scenario& scenario : scenario_catalogue()) {
        CAPTURE(std::string(scenario.name));
        const Outcome first = simulate({.seed = 11, .scenario = &scenario, .events = 1'500});
        std::string log;
        const auto trace = [&log](const std::string& line) { log += line; };
        const Outcome again =
            simulate({.seed = 11, .scenario = &scenario, .events = 1'500, .trace = trace});
        CHECK(first.chain == again.chain); // also when somebody looks on
        CHECK(first.events == again.events);
        CHECK(first.counters == again.counters);
        CHECK(log.size() > 1'000);
        const Outcome other = simulate({.seed = 12, .scenario = &scenario, .events = 1'500});
        CHECK(first.chain != other.chain);
    }
}

TEST_CASE("A simulation of nothing proves nothing", "[simulator]") {
    // Clients that think longer than the phase lasts, and no fault.
    const Simulation idle{
        .scenario = &named("baseline"), .events = 50, .safety_limit = millisecond};
    const Outcome outcome = simulate(idle);
    CHECK(outcome.verdict == Verdict::unknown);
    CHECK(outcome.reason.find("operations were committed") != std::string::npos);
    CHECK(outcome.alarms.empty());
}

TEST_CASE("The record of a simulation is that of a run", "[simulator]") {
    const Outcome outcome = simulate({.seed = 3, .scenario = &named("combined")});
    INFO(outcome.reason);
    REQUIRE(outcome.verdict == Verdict::valid);
    const Record& record = outcome.record;
    CHECK(record.history.size() > 50);
    CHECK(record.cluster.nodes.size() >= 1);
    CHECK_FALSE(record.samples.empty());
    CHECK(record.plan.system == "vsr");
    CHECK(record.plan.workload == "kv");
    std::size_t effective = 0;
    for (const FaultRecord& fault : record.faults) {
        CHECK(fault.t_ended >= fault.t_started);
        CHECK(fault.healed());
        effective += fault.effective() ? 1 : 0;
    }
    CHECK(effective > 0);
    CHECK(record.meta.at("reproduce") == Value("faultlab sim --seed 0x3 --scenario combined -v"));
}

TEST_CASE("A simulation says how it is run again", "[simulator]") {
    replica::BugSet bugs;
    bugs.set(replica::Bug::F6a);
    bugs.set(replica::Bug::F6b);
    CHECK(reproduction({.seed = 26,
                        .scenario = &named("SC12"),
                        .bugs = bugs,
                        .overrides = {{Knob::Voters, 5}},
                        .events = 100}) ==
          "faultlab sim --seed 0x1a --scenario leader-race --bug F6a,F6b --events 100 "
          "--knob voters=5 -v");
}

TEST_CASE("Scenarios are found by name and by number", "[simulator]") {
    CHECK(find_scenario("SC26").value()->name == "torn-writes");
    CHECK(find_scenario("torn-write").error().text().find("torn-writes") != std::string::npos);
    int before = 0;
    for (const Scenario& scenario : scenario_catalogue()) {
        const int number = std::stoi(std::string(scenario.id.substr(2)));
        CHECK(before < number);
        before = number;
        CHECK_FALSE(scenario.proofs.empty());
    }
}
