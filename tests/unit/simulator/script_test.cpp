#include "simulator/script.hpp"
#include "simulator/setup.hpp"
#include "simulator/simulation.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

const Scenario& named(std::string_view name) {
    return *find_scenario(name).value();
}

bool lies(const Strike& strike) {
    return is_lie(strike.deed);
}

} // namespace

TEST_CASE("A script is read as it is written", "[simulator]") {
    const std::string lines =
        "draws 3\n"
        "stop 120.5\n"
        "fault cut at 1.5 until 20 links n1>n2,n2>n1,n3>c1\n"
        "fault drop at 2 links n1>n2 messages Prepare,PrepareOk\n"
        "fault crash at 2.000001 until 30 in-step DoViewChange nodes n2\n"
        "fault rot at 3 nodes n1 zone Prepares amount 7168\n"
        "fault client-crash at 4 nodes c2\n"
        "fault lie at 4.5 until 9 links n3>n1,n3>n2 messages Commit,Ping "
        "changes truncate-tail:3,inflate-commit:-500 refused-by A8\n"
        "fault lie at 5 links n3>n1 amount 2 "
        "changes flip-bits:8:18446744073709551615:unsealed when same-log-there "
        "truth first skip 1\n"
        "op write at 0.1 client c1 node n2 key 0 arg 7\n"
        "op cas at 5 client c2 key 0 arg [7,8]\n"
        "op append at 5.5 client c2 key \"a;b\" arg \"2 # \\\"\"\n"
        "op txn at 6 client c2 arg [[\"r\",1,null],[\"append\",2,3]]";
    const Script script = parse_script(lines).value();
    CHECK(text(script) == lines);
    CHECK(parse_script(text(script, "; ")).value() == script);
    CHECK(script.strikes.size() == 7);
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
             {"fault clock-rate at 1 nodes n1 amount 0", "from 1 to"},
             {"fault timer-rate at 1 nodes n1 timer Repair", "from 1 to"},
             {"fault loss at 1 amount 1001", "to 1000"},
             {"fault delay at 1 amount -1", "from 0"},
             {"fault lie at 1 changes inflate-commit:1", "links"},
             {"fault lie at 1 links n1>n2", "changes"},
             {"fault lie at 1 links n1>c1 changes inflate-commit:1", "n1>c1"},
             {"fault lie at 1 links n1>n2,n2>n1 changes inflate-commit:1", "n2>n1"},
             {"fault lie at 1 links n1>n2 changes inflate-commits:1", "inflate-commit"},
             {"fault lie at 1 links n1>n2 changes inflate-commit", "inflate-commit"},
             {"fault lie at 1 links n1>n2 changes inflate-commit:x", "'x'"},
             {"fault lie at 1 links n1>n2 changes long-tail:100001", "long-tail:100001"},
             {"fault lie at 1 links n1>n2 changes silence:1 refused-by linearizability",
              "linearizability"},
             {"fault lie at 1 links n1>n2 changes silence:1 truth last", "last"},
             {"fault lie at 1 links n1>n2 changes silence:1 when same-logs", "same-log-there"},
             {"fault lie at 1 links n1>n2 changes silence:1;"
              "fault lie at 1 links n2>n1 changes silence:1",
              "n2"},
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

TEST_CASE("What no client can ask for is no script to play", "[simulator]") {
    for (const char* line : {"op fly at 1 client c1",
                             "op reconfigure at 1 client c1",
                             "op cas at 1 client c1 key 0 arg 4",
                             "op scan at 1 client c1 arg 3",
                             "op write at 1 client c1 key [1,2,3] arg 1",
                             "op write at 1 client c1 key [0,2] arg 1"}) {
        CAPTURE(line);
        const auto playable = check_playable(parse_script(line).value());
        REQUIRE(!playable);
        CHECK(playable.error().text().find(line) != std::string::npos);
    }
    CHECK(check_playable(parse_script("op write at 1 client c1 key [1,2] arg 1;"
                                      "op session at 1 client c2;op upgrade at 2 client c1;"
                                      "op cas at 3 client c1 key 0 arg [1,2]")
                             .value()));
}

TEST_CASE("A mutator is also known by its number", "[simulator]") {
    const Script script = parse_script("fault lie at 1 links n1>n2 changes M8b:1:7,M24:1").value();
    CHECK(text(script) == "stop 0\nfault lie at 1 links n1>n2 changes shuffle-tail:1:7,silence:1");
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
                                          std::pair("amount", "2"),
                                          std::pair("changes", "boundary:3:5")}) {
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

TEST_CASE("Lies that are written down are told again", "[simulator]") {
    std::size_t liars = 0;
    std::size_t same = 0;
    for (const Scenario& scenario : scenario_catalogue()) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            CAPTURE(std::string(scenario.name), seed);
            Simulation simulation{.seed = seed,
                                  .scenario = &scenario,
                                  .events = 2'000,
                                  .writes_script = true,
                                  .only_safety = true};
            const Outcome told = simulate(simulation);
            REQUIRE(told.script);
            if (std::ranges::none_of(told.script->strikes, lies)) continue;
            ++liars;
            simulation.script = told.script;
            const Outcome retold = simulate(simulation);
            same += retold.chain == told.chain ? 1 : 0;
            REQUIRE(retold.script);
            CHECK(std::ranges::any_of(retold.script->strikes, lies));
        }
    }
    CHECK(liars >= 30);
    // What is done to two replicas at one moment has an order that is drawn anew, and clients who
    // are asked for more than their workload (SC22) think at other times.
    CHECK(same >= liars * 4 / 5);
}

TEST_CASE("Lies of a script are written down as they were", "[simulator]") {
    const Script script =
        parse_script("stop 400; op write at 5 client c1 node n1 key 0 arg 1;"
                     "fault lie at 10 until 200 links n1>n2,n1>n3 messages Prepare,Commit "
                     "changes inflate-commit:700 refused-by A8;"
                     "fault lie at 210 links n1>n2 messages Ping amount 2 changes "
                     "silence:1")
            .value();
    Simulation simulation{.seed = 5,
                          .scenario = &named("inflated-commit"),
                          .overrides = {{Knob::Voters, 3}, {Knob::ClientsPerNode, 1}},
                          .script = script,
                          .writes_script = true};
    const Outcome outcome = simulate(simulation);
    CHECK(outcome.alarms.empty());
    REQUIRE(outcome.script);
    CHECK(text(*outcome.script) == text(script));
    CHECK(outcome.counters.at("contained.A8") > 2);
    REQUIRE(outcome.record.faults.size() == 2);
    for (const FaultRecord& fault : outcome.record.faults)
        CHECK(fault.effective());
    CHECK(outcome.record.faults[0].fault.targets == std::vector<NodeId>{0});
    // Who takes what it should refuse breaks the rule.
    simulation.bugs.set(replica::Bug::K3);
    const Outcome taken = simulate(simulation);
    REQUIRE(taken.verdict == Verdict::invalid);
    CHECK(std::ranges::count(taken.alarms, "A8", &simulator::Alarm::by) == 1);
}
