// faultlab sim mc, as a user types it.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using faultlab::test::Finished;
using faultlab::test::run_command;

namespace {

Finished mc(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {FAULTLAB_BINARY, "sim", "mc"});
    return run_command(arguments);
}

} // namespace

TEST_CASE("schedules of the clean store break no rule, and how many there were is said") {
    const Finished run = mc({"--depth", "5", "--faults", "1"});
    INFO(run.out << run.err);
    CHECK(run.exit_code == 0);
    CHECK(run.out.find("no rule broken in 5 actions") != std::string::npos);
    CHECK(run.err.find("depth 5 of 5") != std::string::npos);
}

TEST_CASE("a schedule that breaks a rule is told action by action") {
    const Finished run = mc({"--bug", "T2", "--faults", "1"});
    INFO(run.out << run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.out.starts_with("✖ S6: "));
    CHECK(run.out.find("  6. replica 1 hears once more from 2: ") != std::string::npos);
}

TEST_CASE("the same as a tree") {
    const Finished run = mc({"--bug", "T2", "--faults", "1", "--json"});
    INFO(run.err);
    CHECK(run.exit_code == 1);
    const auto tree = nlohmann::json::parse(run.out);
    CHECK(tree.at("schema") == "faultlab.mc/1");
    CHECK(tree.at("counterexample").at("actions").size() == 6);
    CHECK(tree.at("states").get<int>() > 1'000);
}

TEST_CASE("too few states for a depth prove nothing") {
    const Finished run = mc({"--states", "100"});
    INFO(run.out << run.err);
    CHECK(run.exit_code == 2);
    CHECK(run.out.find("--states 100 was not enough for depth") != std::string::npos);
}

TEST_CASE("bounds that make no sense are refused") {
    CHECK(mc({"--nodes", "4"}).exit_code == 64);
    CHECK(mc({"--depth", "0"}).exit_code == 64);
    const Finished run = mc({"--bug", "T9"});
    CHECK(run.exit_code == 64);
    CHECK(run.err.find("T9") != std::string::npos);
}
