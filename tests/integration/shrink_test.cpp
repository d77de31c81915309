// faultlab shrink, as a user types it, and the scripts that it prints.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>
#include <vector>

using faultlab::test::Finished;
using faultlab::test::run_command;
using faultlab::test::TemporaryDirectory;

namespace {

Finished lab_command(const TemporaryDirectory& lab, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), FAULTLAB_BINARY);
    arguments.insert(arguments.end(), {"--lab", (lab.path() / "runs").string()});
    return run_command(arguments);
}

} // namespace

TEST_CASE("a kept failure is shrunk, and what is left fails again") {
    const TemporaryDirectory lab;
    const Finished batch = lab_command(lab,
                                       {"sim",
                                        "--from",
                                        "1",
                                        "--iterations",
                                        "9",
                                        "--bug",
                                        "B11",
                                        "--events",
                                        "3000",
                                        "--stop-on-first"});
    REQUIRE(batch.exit_code == 1);
    const Finished shrink = lab_command(lab, {"shrink", "latest", "--json"});
    INFO(shrink.out << shrink.err);
    REQUIRE(shrink.exit_code == 1);
    CHECK(shrink.err.find("operations") != std::string::npos); // progress
    const auto tree = nlohmann::json::parse(shrink.out);
    CHECK(tree.at("schema") == "faultlab.shrink/1");
    CHECK(tree.at("after").at("faults") <= 1);
    CHECK(tree.at("after").at("operations") <= 2);
    CHECK(tree.at("minimal") == true);
    CHECK(tree.at("repeated") == 20);
    CHECK(tree.at("valid_without_bugs") == true);
    CHECK(tree.at("needed").size() == tree.at("story").size());

    // The command that it prints, as a shell reads it.
    const std::string command = tree.at("reproduce");
    REQUIRE(command.starts_with("faultlab sim --seed 0x1 --scenario combined --bug B11"));
    const std::string typed = std::string(FAULTLAB_BINARY) +
                              command.substr(std::string("faultlab").size()) + " --lab " +
                              (lab.path() / "runs").string();
    const Finished again = run_command({"sh", "-c", typed});
    INFO(again.out << again.err);
    CHECK(again.exit_code == 1);
    const std::string what = tree.at("what");
    CHECK(again.out.find(what) != std::string::npos);

    // It is a run as any other.
    const std::string run = tree.at("run");
    const std::string id = run.substr(0, run.find(' '));
    CHECK(lab_command(lab, {"check", id}).exit_code == 1);
    const Finished text = lab_command(lab, {"shrink", id});
    INFO(text.out << text.err);
    CHECK(text.exit_code == 1);
    CHECK(text.out.find("what happens\n") != std::string::npos);
    CHECK(text.out.find("each is needed") != std::string::npos);
    CHECK(text.out.find("20 the same to the bit; without the planted bugs nothing is wrong") !=
          std::string::npos);
}

TEST_CASE("a simulation is written as a script, changed, and simulated again") {
    const TemporaryDirectory lab;
    const std::string path = (lab.path() / "script.txt").string();
    const std::vector<std::string> simulation{
        "sim", "--seed", "5", "--scenario", "torn-writes", "--events", "1500", "--json"};
    auto writing = simulation;
    writing.insert(writing.end(), {"--write-script", path});
    const Finished drawn = lab_command(lab, writing);
    INFO(drawn.out << drawn.err);
    CHECK(drawn.exit_code != 70);
    auto playing = simulation;
    playing.insert(playing.end(), {"--script", path});
    const Finished told = lab_command(lab, playing);
    INFO(told.out << told.err);
    const auto first = nlohmann::json::parse(drawn.out);
    const auto second = nlohmann::json::parse(told.out);
    CHECK(first.at("commits") == second.at("commits"));
    CHECK(first.at("verdict") == second.at("verdict"));
    std::ofstream(path, std::ios::app) << "fault pause at 1 until 2 nodes n1 # by hand\n";
    CHECK(lab_command(lab, playing).exit_code == told.exit_code);
    std::ofstream(path, std::ios::app) << "fault pawse at 1\n";
    const Finished wrong = lab_command(lab, playing);
    CHECK(wrong.exit_code == 64);
    CHECK(wrong.err.find("pause") != std::string::npos);
}

TEST_CASE("what cannot be shrunk says why") {
    const TemporaryDirectory lab;
    const Finished nothing = lab_command(lab, {"shrink"});
    CHECK(nothing.exit_code == 64);
    CHECK(nothing.err.find("faultlab shrink latest") != std::string::npos);
    const Finished valid = lab_command(lab, {"shrink", "--seed", "3", "--scenario", "baseline"});
    CHECK(valid.exit_code == 64);
    CHECK(valid.err.find("nothing is wrong") != std::string::npos);
    CHECK(lab_command(lab, {"shrink", "latest"}).exit_code == 64);
    CHECK(lab_command(lab, {"sim", "--script", "stop 5"}).exit_code == 64);
    const Finished help = run_command({FAULTLAB_BINARY, "shrink", "--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.out.find("faultlab shrink latest") != std::string::npos);
}
