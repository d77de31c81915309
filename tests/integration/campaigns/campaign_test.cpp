// Whole campaigns against etcd, by the command line, on hosts that are namespaces of this machine.

#include "tests/support/catch.hpp"
#include "tests/support/lab_command.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;
using namespace faultlab::test;

TEST_CASE("a campaign over a correct etcd is valid, and everything it left can be used again") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(
        lab, {"run", "etcd", "-f", "partition:majority", "--time", "12s", "--seed", "7"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    CHECK(run.out.find("VALID") != std::string::npos);
    CHECK(run.out.find("partition") != std::string::npos);
    CHECK(processes_of(lab) == std::vector<std::string>{});

    const fs::path directory = only_run(lab);
    CHECK(contents(directory / "report.html").find("VALID") != std::string::npos);
    CHECK(lab_command(lab, {"check", "latest"}).exit_code == 0);
    CHECK(lab_command(lab, {"explain", "latest"}).out.find("VALID") != std::string::npos);

    const Finished json = lab_command(lab, {"explain", "latest", "--json"});
    CHECK(nlohmann::json::parse(json.out).at("verdict").at("status") == "valid");

    const auto holds = [&lab](const std::string& condition) {
        const std::string query = "select (" + condition + ") as holds";
        return lab_command(lab, {"sql", "latest", query, "--json"}).out == "[{\"holds\":1}]\n";
    };
    CHECK(holds("select count(*) > 1000 from op"));
    CHECK_FALSE(holds("select count(*) < 1000 from op"));
    // Every node is asked every 100 ms, in 12 s of load and some more; half of that is enough here.
    for (const char* metric : {"role", "term", "leader", "commit", "applied"}) {
        INFO(metric);
        CHECK(holds("select min(n) > 60 and count(*) = 3 from (select count(*) as n from sample "
                    "join metric on metric.id = metric_id where name = '" +
                    std::string(metric) + "' group by node)"));
    }
    CHECK(holds("select count(*) >= 2 from event where kind = 'leader'"));
    const Finished write = lab_command(lab, {"sql", "latest", "delete from operation"});
    CHECK(write.exit_code != 0);

    const Finished lines = lab_command(lab, {"export", "latest", "--format", "jsonl"});
    std::istringstream history(lines.out);
    std::string first;
    REQUIRE(std::getline(history, first));
    CHECK(nlohmann::json::parse(first).at("type") == "invoke");

    // Mailed to somewhere else, the run is named by its place.
    const TemporaryDirectory mail;
    const fs::path place = fs::canonical(mail.path());
    fs::copy(directory / "run.db", place / "run.db");
    const Finished mailed = lab_command(mail, {"check", (place / "run.db").string()});
    CHECK(mailed.exit_code == 0);
    CHECK(mailed.out.find("faultlab replay " + place.string()) != std::string::npos);
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
    CHECK(processes_of(lab) == std::vector<std::string>{});
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
    CHECK(processes_of(lab) == std::vector<std::string>{});
}

TEST_CASE("Ctrl-C twice heals and leaves: no check, no report, nothing behind") {
    const TemporaryDirectory lab;
    RunOptions twice = signalled(SIGINT, std::chrono::seconds(7));
    const auto once = twice.act;
    twice.act = [once](pid_t pid) {
        once(pid);
        ::usleep(300'000);
        once(pid);
    };
    const Finished run =
        lab_command(lab, {"run", "etcd", "-f", "partition", "--time", "60s"}, twice);
    INFO(run.out << run.err);
    CHECK(run.exit_code == 130);
    CHECK_FALSE(fs::exists(only_run(lab) / "report.html"));
    CHECK(processes_of(lab) == std::vector<std::string>{});
    CHECK(lab_command(lab, {"check", "latest"}).exit_code != 1);
}

TEST_CASE("a full disk under the store ends the run with 70, and keeps what was committed") {
    const TemporaryDirectory lab;
    std::vector<std::string> command = {"unshare", "--mount"};
    if (::geteuid() != 0) command.push_back("--map-root-user");
    command.insert(command.end(),
                   {"bash",
                    FAULTLAB_SOURCE_DIR "/tests/integration/campaigns/full_disk.sh",
                    lab.path().string(),
                    FAULTLAB_BINARY});
    const Finished finished = run_command(command);
    INFO(finished.out << finished.err);
    CHECK(finished.out.find("run=70") != std::string::npos);
    CHECK(finished.out.find("full") != std::string::npos);
    CHECK((finished.out.find("check=0") != std::string::npos ||
           finished.out.find("check=2") != std::string::npos));
    CHECK(processes_of(lab) == std::vector<std::string>{});
}
