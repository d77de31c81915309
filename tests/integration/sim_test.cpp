// faultlab sim, as a user types it.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
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
    INFO(replay.out << replay.err);
    CHECK(replay.exit_code == 1);
    CHECK(replay.out.find(what.substr(1)) != std::string::npos);
    const Finished often = lab_command({"replay", run, "--attempts", "2", "--lab", runs});
    CHECK(often.exit_code == 64);
    CHECK(often.err.find("every attempt would be the same") != std::string::npos);
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

TEST_CASE("what a lie does outside the model is told, and is no failure") {
    const TemporaryDirectory lab;
    const std::vector<std::string> hidden{
        "--scenario", "hidden-log", "--from", "1", "--iterations", "60"};
    const Finished batch = sim(hidden, lab);
    INFO(batch.out << batch.err);
    CHECK(batch.exit_code == 0);
    CHECK(batch.out.find("  outside the model, in ") != std::string::npos);
    CHECK(batch.out.find(" simulations: S4: a vote that hides") != std::string::npos);
    std::vector<std::string> as_json = hidden;
    as_json.emplace_back("--json");
    const Finished tree = sim(as_json, lab);
    const auto outside = nlohmann::json::parse(tree.out)["scenarios"][0]["outside_the_model"];
    REQUIRE(outside.size() == 1);
    CHECK(outside[0].at("rule") == "S4");
    const std::string command = outside[0].at("reproduce");
    const std::size_t seed = command.find("0x");
    const Finished one = sim({"--seed",
                              command.substr(seed, command.find(' ', seed) - seed),
                              "--scenario",
                              "hidden-log"},
                             lab);
    CHECK(one.exit_code == 0);
    CHECK(one.out.find("outside the model: S4: replica ") != std::string::npos);
    CHECK(lab_command({"describe", "hidden-log"}).out.find("claim: S4 is outside the model: ") !=
          std::string::npos);
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

TEST_CASE("a matrix is kept, gone on with, and shown again") {
    const TemporaryDirectory lab;
    const std::vector<std::string> few{"matrix", "--bug", "B24;KM3", "--simulations", "2"};
    auto arguments = few;
    arguments.insert(arguments.end(), {"--trials", "1"});
    const Finished begun = sim(arguments, lab);
    INFO(begun.out << begun.err);
    CHECK(begun.exit_code == 0);
    CHECK(begun.out.find("of 1") != std::string::npos);
    arguments.back() = "2";
    const Finished more = sim(arguments, lab);
    CHECK(more.out.find("of 2") != std::string::npos);
    CHECK(more.out.find("of 1,") == std::string::npos);
    arguments.emplace_back("--render");
    arguments.insert(arguments.end(), {"--html", (lab.path() / "page.html").string()});
    const Finished shown = sim(arguments, lab);
    CHECK(shown.out == more.out);
    CHECK(std::filesystem::file_size(lab.path() / "page.html") > 1000);
}

TEST_CASE("a matrix refuses rows that there are not, and files that are none") {
    const TemporaryDirectory lab;
    const Finished row = sim({"matrix", "--bug", "B99"}, lab);
    CHECK(row.exit_code == 64);
    CHECK(row.err.find("B9") != std::string::npos);
    const std::string other = (lab.path() / "other").string();
    std::ofstream(other) << "something else\n";
    const Finished store = sim({"matrix", "--render", "--store", other}, lab);
    CHECK(store.exit_code == 64);
    CHECK(store.err.find("no log of a kill matrix") != std::string::npos);
    const Finished option = sim({"matrix", "--trails", "3"}, lab);
    CHECK(option.exit_code == 64);
    CHECK(option.err.find("--trials") != std::string::npos);
}

TEST_CASE("an audit finds simulations that differ from another build's") {
    const TemporaryDirectory lab;
    const std::vector<std::string> few{
        "audit", "--scenario", "combined", "--iterations", "2", "--events", "500"};
    const Finished chains = sim(few, lab);
    INFO(chains.out << chains.err);
    REQUIRE(chains.exit_code == 0);
    CHECK(chains.out.starts_with("combined 0x0 "));
    const std::filesystem::path file = lab.path() / "chains";
    std::ofstream(file) << chains.out;
    auto against = few;
    against.insert(against.end(), {"--against", file.string()});
    CHECK(sim(against, lab).exit_code == 0);
    std::string other = chains.out;
    other[other.size() - 2] = other[other.size() - 2] == '0' ? '1' : '0';
    std::ofstream(file) << other;
    const Finished differs = sim(against, lab);
    CHECK(differs.exit_code == 70);
    CHECK(differs.err.find("combined 0x1: differs") != std::string::npos);
    std::ofstream(file) << "nothing of the kind\n";
    CHECK(sim(against, lab).exit_code == 64);
}

TEST_CASE("mistakes of the simulator itself are listed, described, and caught") {
    const Finished list = lab_command({"list", "simbugs"});
    CHECK(list.exit_code == 0);
    CHECK(list.out.find("HB1") != std::string::npos);
    CHECK(lab_command({"list"}).out.find("SB1 ") == std::string::npos);
    const Finished one = lab_command({"describe", "SB1"});
    CHECK(one.out.find("found by: audit partitions: ") != std::string::npos);
    CHECK(one.out.find("plant it: faultlab sim --simbug SB1 --scenario primary-isolated") !=
          std::string::npos);
    const TemporaryDirectory lab;
    // One whose audit needs a run that is stored.
    const Finished test = sim({"self-test", "--simbug", "SB12", "--iterations", "2"}, lab);
    INFO(test.out << test.err);
    CHECK(test.exit_code == 0);
    CHECK(test.out.starts_with("✓ SB12  store-order "));
    CHECK(test.out.find("without any, no audit sees one") != std::string::npos);
    CHECK(std::filesystem::is_empty(lab.path() / "runs"));
    CHECK(sim({"self-test", "--simbug", "SB99"}, lab).exit_code == 64);
}

TEST_CASE("a batch of a simulator that made a mistake ends with 70, whatever it found") {
    const TemporaryDirectory lab;
    const std::vector<std::string> lossy{"--simbug",
                                         "SB11",
                                         "--scenario",
                                         "baseline",
                                         "--from",
                                         "1",
                                         "--iterations",
                                         "3",
                                         "--events",
                                         "2000"};
    const Finished batch = sim(lossy, lab);
    INFO(batch.out << batch.err);
    CHECK(batch.exit_code == 70);
    CHECK(batch.out.find("  ✖ the simulator is not to be trusted: history-complete: ") !=
          std::string::npos);
    std::vector<std::string> as_json = lossy;
    as_json.emplace_back("--json");
    const auto tree = nlohmann::json::parse(sim(as_json, lab).out);
    CHECK(tree.at("exit_code") == 70);
    const auto mistakes = tree.at("scenarios").at(0).at("mistakes_of_the_simulator");
    CHECK(mistakes.at(0).at("audit") == "history-complete");
    const Finished one =
        sim({"--simbug", "SB11", "--scenario", "baseline", "--seed", "1", "--events", "2000"}, lab);
    CHECK(one.exit_code == 70);
    CHECK(one.out.find("the simulator is not to be trusted") != std::string::npos);
}
