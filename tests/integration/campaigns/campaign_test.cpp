// Whole campaigns against etcd, by the command line, on hosts that are namespaces of this machine.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;
using faultlab::test::Finished;
using faultlab::test::run_command;
using faultlab::test::RunOptions;
using faultlab::test::TemporaryDirectory;

namespace {

Finished lab_command(const TemporaryDirectory& lab,
                     std::vector<std::string> arguments,
                     const RunOptions& options = {}) {
    arguments.insert(arguments.begin(), FAULTLAB_BINARY);
    arguments.insert(arguments.end(), {"--lab", lab.path().string()});
    return run_command(arguments, options);
}

std::string contents(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

/// The directory of the only run in a lab.
fs::path only_run(const TemporaryDirectory& lab) {
    std::vector<fs::path> runs;
    for (const auto& entry : fs::directory_iterator(lab.path())) {
        if (entry.is_directory()) runs.push_back(entry.path());
    }
    REQUIRE(runs.size() == 1);
    return runs.front();
}

/// Processes whose arguments name this lab: replicas keep their data there.
std::vector<std::string> processes_of(const TemporaryDirectory& lab) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string arguments = contents(entry.path() / "cmdline");
        if (arguments.find(lab.path().string()) != std::string::npos) found.push_back(arguments);
    }
    return found;
}

RunOptions signalled(int signal, std::chrono::milliseconds after) {
    return {.act_after = after, .act = [signal](pid_t pid) { ::kill(pid, signal); }};
}

} // namespace

TEST_CASE("a campaign over a correct etcd is valid, and everything it left can be used again") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(
        lab, {"run", "etcd", "-f", "partition:majority", "--time", "12s", "--seed", "7"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    CHECK(run.out.find("VALID") != std::string::npos);
    CHECK(run.out.find("partition") != std::string::npos);
    CHECK(processes_of(lab).empty());

    const fs::path directory = only_run(lab);
    CHECK(contents(directory / "report.html").find("VALID") != std::string::npos);
    CHECK(lab_command(lab, {"check", "latest"}).exit_code == 0);
    CHECK(lab_command(lab, {"explain", "latest"}).out.find("VALID") != std::string::npos);

    const Finished json = lab_command(lab, {"explain", "latest", "--json"});
    CHECK(nlohmann::json::parse(json.out).at("verdict").at("status") == "valid");

    const Finished count = lab_command(lab, {"sql", "latest", "select count(*) > 1000 from op"});
    CHECK(count.exit_code == 0);
    CHECK(count.out.find('1') != std::string::npos);
    const Finished write = lab_command(lab, {"sql", "latest", "delete from operation"});
    CHECK(write.exit_code != 0);

    const Finished lines = lab_command(lab, {"export", "latest", "--format", "jsonl"});
    std::istringstream history(lines.out);
    std::string first;
    REQUIRE(std::getline(history, first));
    CHECK(nlohmann::json::parse(first).at("type") == "invoke");
}

TEST_CASE("stale reads are found, and the first screen names read, missed write and partition") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(lab,
                                     {"run",
                                      "etcd",
                                      "-f",
                                      "partition:majority",
                                      "--option",
                                      "reads=serializable",
                                      "--time",
                                      "12s",
                                      "--seed",
                                      "3"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 1);
    const Finished told = lab_command(lab, {"explain", "latest"});
    INFO(told.out);
    CHECK(told.out.find("INVALID") != std::string::npos);
    CHECK(told.out.find("stale read") != std::string::npos);
    CHECK(told.out.find("read") != std::string::npos);
    CHECK(told.out.find("write") != std::string::npos);
    CHECK(told.out.find("faultlab replay") != std::string::npos);
}

TEST_CASE("clients that reach nothing leave the verdict unknown, with the reason") {
    const TemporaryDirectory lab;
    const Finished dry = lab_command(
        lab, {"run", "etcd", "-f", "partition:client", "--time", "8s", "--seed", "5", "--dry-run"});
    auto plan = nlohmann::ordered_json::parse(dry.out);
    REQUIRE(!plan.at("faults").empty());
    // Every client group cut off from its node, from before the first operation to the end.
    auto fault = plan["faults"][0];
    fault["t_start"] = 0;
    fault["duration"] = 8'000'000'000;
    plan["faults"] = nlohmann::ordered_json::array();
    for (int node = 1; node <= 3; ++node) {
        fault["id"] = node;
        fault["target"] = "n" + std::to_string(node);
        plan["faults"].push_back(fault);
    }
    plan["settle"] = 0;
    const fs::path file = lab.path() / "plan.json";
    std::ofstream(file) << plan.dump();
    const Finished run = lab_command(lab, {"run", "--plan", file.string()});
    INFO(run.out << run.err);
    CHECK(run.exit_code == 2);
    CHECK(run.out.find("UNKNOWN") != std::string::npos);
}

TEST_CASE("Ctrl-C once heals, collects, checks and reports what there is, and ends with 130") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(lab,
                                     {"run", "etcd", "-f", "partition", "--time", "60s"},
                                     signalled(SIGINT, std::chrono::seconds(9)));
    INFO(run.out << run.err);
    CHECK(run.exit_code == 130);
    CHECK(fs::exists(only_run(lab) / "report.html"));
    CHECK(run.out.find("interrupted") != std::string::npos);
    CHECK(processes_of(lab).empty());
}

TEST_CASE("a lab killed by kill -9 leaves a record that can be checked, and nothing else") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(lab,
                                     {"run", "etcd", "-f", "partition,kill", "--time", "60s"},
                                     signalled(SIGKILL, std::chrono::seconds(8)));
    CHECK(run.signal == SIGKILL);
    const Finished check = lab_command(lab, {"check", only_run(lab).string()});
    INFO(check.out << check.err);
    CHECK((check.exit_code == 0 || check.exit_code == 2));
    CHECK(fs::exists(only_run(lab) / "report.html"));
    CHECK(processes_of(lab).empty());
}
