#include "simulator/script.hpp"
#include "simulator/simulation.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

const Scenario& named(std::string_view name) {
    return *find_scenario(name).value();
}

} // namespace

TEST_CASE("A script is read as it is written", "[simulator]") {
    const std::string lines = "draws 3\n"
                              "stop 120.5\n"
                              "fault cut at 1.5 until 20 links n1>n2,n2>n1,n3>c1\n"
                              "fault drop at 2 links n1>n2 messages Prepare,PrepareOk\n"
                              "fault crash at 2.000001 until 30 in-step DoViewChange nodes n2\n"
                              "fault rot at 3 nodes n1 zone Prepares amount 7168\n"
                              "fault client-crash at 4 nodes c2\n"
                              "op write at 0.1 client c1 node n2 key 0 arg 7\n"
                              "op cas at 5 client c2 key 0 arg [7,8]\n"
                              "op append at 5.5 client c2 key \"a;b\" arg \"2 # \\\"\"\n"
                              "op txn at 6 client c2 arg [[\"r\",1,null],[\"append\",2,3]]";
    const Script script = parse_script(lines).value();
    CHECK(text(script) == lines);
    CHECK(parse_script(text(script, "; ")).value() == script);
    CHECK(script.strikes.size() == 5);
    CHECK(script.strikes[0].until == 20 * millisecond);
    CHECK(script.strikes[1].until == Strike::to_the_end);
    CHECK(script.operations.back().op.arg.transaction() != nullptr);
}

TEST_CASE("What is no script says which word is wrong", "[simulator]") {
    for (const auto& [line, word] : std::initializer_list<std::pair<const char*, const char*>>{
             {"fault cat at 1 links n1>n2", "cut"},
             {"fault cut at x links n1>n2", "'x'"},
             {"fault cut at 1.1234567 links n1>n2", "1.1234567"},
             {"fault cut at 1 links n1>n99", "n99"},
             {"fault cut at 1 nodes n1", "nodes"},
             {"fault pause at 1", "nodes"},
             {"fault pause at 1 nodes c1", "c1"},
             {"fault pause at 5 until 4 nodes n1", "'4'"},
             {"fault drop at 1 messages Prepares", "Prepares"},
             {"fault crash at 1 nodes n1 in-step Never", "Never"},
             {"op write at 1 client n1", "n1"},
             {"op txn at 1 client c1 arg 7", "7"},
             {"op write at", "at"},
             {"halt now", "halt"},
             {"stop", "stop"}}) {
        CAPTURE(line);
        const auto script = parse_script(line);
        REQUIRE(!script);
        CHECK(script.error().text().find(word) != std::string::npos);
    }
    CHECK(parse_script("# nothing; halt\n\n").value() == Script{});
}

TEST_CASE("Every kind of fault can be told, and is told of for people", "[simulator]") {
    for (const DeedEntry& entry : deed_table()) {
        CAPTURE(std::string(entry.name));
        const bool client = entry.deed == Deed::ClientCrash;
        std::string line = fmt::format("fault {} at 1", entry.name);
        for (const auto& [part, value] : {std::pair("nodes", client ? "c1" : "n1"),
                                          std::pair("links", "n1>n2"),
                                          std::pair("zone", "Prepares"),
                                          std::pair("timer", "Repair"),
                                          std::pair("amount", "2")}) {
            if (entry.parts.find(part) != std::string_view::npos)
                line += fmt::format(" {} {}", part, value);
        }
        const Script script = parse_script("stop 1\n" + line).value();
        CHECK(text(script) == "stop 1\n" + line);
        CHECK(story(script.strikes[0]).size() > 5);
    }
}

TEST_CASE("A run does what its script says, and nothing else", "[simulator]") {
    const Script script = parse_script("stop 300; op write at 5 client c1 node n1 key 0 arg 1;"
                                       "fault power-cut at 100 until 200 nodes n1;"
                                       "op read at 150 client c2 key 0")
                              .value();
    Simulation simulation{.seed = 5, .scenario = &named("baseline"), .script = script};
    simulation.overrides = {{Knob::Voters, 3}, {Knob::ClientsPerNode, 1}};
    const Outcome outcome = simulate(simulation);
    CHECK(outcome.alarms.empty());
    REQUIRE(outcome.record.faults.size() == 1);
    CHECK(outcome.record.faults[0].t_started == 100 * millisecond);
    CHECK(outcome.record.faults[0].t_ended == 200 * millisecond);
    REQUIRE(outcome.record.history.size() >= 2);
    CHECK(outcome.record.history.op(0).f == "write");
    CHECK(outcome.record.history.op(1).ret == Value(1));
    CHECK(simulate(simulation).chain == outcome.chain);
    simulation.script->draws = 1;
    CHECK(simulate(simulation).chain != outcome.chain);
    CHECK(simulation_of(outcome.record.plan).value().script == script);
}

TEST_CASE("What a witness writes down is what was done", "[simulator]") {
    // A script that is played is written down again as it was.
    const Script script = parse_script("stop 400; op write at 5 client c1 node n1 key 0 arg 1;"
                                       "fault cut at 10 until 30 links n1>n2,n2>n1;"
                                       "fault pause at 40 until 60 nodes n2;"
                                       "fault slow-disk at 50 until 90 nodes n3 amount 7;"
                                       "fault crash at 100 until 140 nodes n2;"
                                       "fault loss at 150 until 180 amount 300;"
                                       "fault clock-rate at 160 nodes n1 amount 990;"
                                       "fault client-crash at 200 nodes c1")
                              .value();
    Simulation simulation{.seed = 5,
                          .scenario = &named("baseline"),
                          .overrides = {{Knob::Voters, 3}, {Knob::ClientsPerNode, 1}},
                          .script = script,
                          .writes_script = true};
    const Outcome outcome = simulate(simulation);
    REQUIRE(outcome.script);
    CHECK(text(*outcome.script) == text(script));
}

TEST_CASE("A simulation that is written down runs as before", "[simulator]") {
    for (const Scenario& scenario : scenario_catalogue()) {
        CAPTURE(std::string(scenario.name));
        const Simulation plain{.seed = 11, .scenario = &scenario, .events = 800};
        Simulation watched = plain;
        watched.writes_script = true;
        const Outcome outcome = simulate(watched);
        CHECK(outcome.chain == simulate(plain).chain);
        REQUIRE(outcome.script);
        // Its text tells all of it.
        const auto read = parse_script(text(*outcome.script));
        INFO((read ? "" : read.error().text()));
        REQUIRE(read);
        CHECK(*read == *outcome.script);
        const auto asked = outcome.script->operations.size();
        CHECK(asked > 10);
    }
}
