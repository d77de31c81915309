// faultlab sim, as a user types it.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using faultlab::test::Finished;
using faultlab::test::run_command;
using faultlab::test::TemporaryDirectory;

namespace {

Finished lab_command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), FAULTLAB_BINARY);
    return run_command(arguments);
}

Finished sim(std::vector<std::string> arguments, const TemporaryDirectory& lab) {
    arguments.insert(arguments.begin(), "sim");
    arguments.insert(arguments.end(), {"--lab", (lab.path() / "runs").string()});
    return lab_command(std::move(arguments));
}

} // namespace

TEST_CASE("a batch says what it did, whoever simulated it") {
    const TemporaryDirectory lab;
    const Finished one = sim({"--from", "1", "--iterations", "6", "--jobs", "1"}, lab);
    const Finished two = sim({"--from", "1", "--iterations", "6", "--jobs", "2"}, lab);
    INFO(one.out << one.err);
    CHECK(one.exit_code == 0);
    CHECK(one.out == two.out);
    CHECK(one.out.starts_with("6 simulations a scenario from seed 0x1\n"
                              "SC06 combined  valid: 6 valid, 0 invalid, 0 unknown of 6\n"));
    CHECK(one.err.find("events/s") != std::string::npos);
}

TEST_CASE("a failure has one command that shows it again, and is kept as a run") {
    const TemporaryDirectory lab;
    const Finished batch = sim({"--from",
                                "1",
                                "--iterations",
                                "40",
                                "--bug",
                                "V5",
                                "--scenario",
                                "torn-writes",
                                "--stop-on-first",
                                "--json"},
                               lab);
    INFO(batch.out << batch.err);
    REQUIRE(batch.exit_code == 1);
    const auto tree = nlohmann::json::parse(batch.out).at("scenarios").at(0);
    const auto failure = tree.at("failures").at(0);
    const std::string seed = failure.at("seed");
    CHECK(failure.at("reproduce") ==
          "faultlab sim --seed " + seed + " --scenario torn-writes --bug V5 -v");
    const Finished again =
        sim({"--seed", seed, "--scenario", "torn-writes", "--bug", "V5", "-v"}, lab);
    CHECK(again.exit_code == 1);
    const std::string what = failure.at("what");
    CHECK(again.out.find(what) != std::string::npos);
    CHECK(again.out.find("power") != std::string::npos);
    const std::string runs = (lab.path() / "runs").string();
    const std::string run = tree.at("run");
    const Finished check = lab_command({"check", run, "--lab", runs});
    INFO(check.out << check.err);
    CHECK(check.exit_code == 1);
    CHECK(check.out.find("faultlab sim --seed " + seed) != std::string::npos);
    CHECK(lab_command({"explain", run, "--lab", runs}).out.find(what.substr(1)) !=
          std::string::npos);
    const Finished replay = lab_command({"replay", run, "--lab", runs});
    CHECK(replay.exit_code == 64);
    CHECK(replay.err.find("this run was simulated") != std::string::npos);
}

TEST_CASE("what was not shown makes a batch vacuous") {
    const TemporaryDirectory lab;
    // One simulation meets few of the four rates of loss.
    const Finished batch = sim({"--scenario",
                                "intermittent-network",
                                "--from",
                                "1",
                                "--iterations",
                                "1",
                                "--events",
                                "1500"},
                               lab);
    INFO(batch.out << batch.err);
    CHECK(batch.exit_code == 2);
    CHECK(batch.out.find("1 valid, 0 invalid, 0 unknown of 1") != std::string::npos);
    CHECK(batch.out.find("  vacuous: ") != std::string::npos);
}

TEST_CASE("scenarios are listed and described, and near names are named") {
    const Finished list = lab_command({"list", "scenarios"});
    CHECK(list.exit_code == 0);
    CHECK(list.out.find("leader-race") != std::string::npos);
    const Finished one = lab_command({"describe", "leader-race"});
    CHECK(one.out.find("50 × two replicas lead different views at one moment") !=
          std::string::npos);
    CHECK(one.out.find("simulate it: faultlab sim --scenario leader-race") != std::string::npos);
    CHECK(lab_command({"sim", "--scenario", "leader-rice"}).err.find("leader-race") !=
          std::string::npos);
    CHECK(lab_command({"sim", "--bug", "V99"}).exit_code == 64);
    CHECK(lab_command({"sim", "--knob", "voters=9"}).exit_code == 64);
    CHECK(lab_command({"sim", "--iterations", "0"}).exit_code == 4);
}
