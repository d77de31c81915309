// Whole campaigns against the lab's own store.

#include "tests/support/catch.hpp"
#include "tests/support/lab_command.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace faultlab::test;

namespace {

bool holds(const TemporaryDirectory& lab, const std::string& condition) {
    const std::string query = "select (" + condition + ") as holds";
    return lab_command(lab, {"sql", "latest", query, "--json"}).out == "[{\"holds\":1}]\n";
}

} // namespace

TEST_CASE("a short campaign over the lab's own store is valid, its replicas agree and converge") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(
        lab, {"run", "vsr", "-f", "partition:leaders", "--time", "8s", "--seed", "7", "--json"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    const auto report = nlohmann::json::parse(run.out);
    CHECK_FALSE(report.at("run").contains("planted_bugs"));
    std::vector<std::string> valid;
    for (const auto& checker : report.at("checkers")) {
        if (checker.at("status") == "valid") valid.push_back(checker.at("name"));
    }
    for (const char* name : {"linearizability", "digest-agreement", "convergence", "invariants"})
        CHECK(std::ranges::count(valid, name) == 1);
    CHECK(holds(lab, "select count(distinct node) = 3 from event where kind = 'digest'"));
    CHECK(holds(lab, "select count(*) >= 2 from event where kind = 'view_installed'"));
    CHECK(holds(lab, "select count(*) = 0 from event where kind = 'events_lost'"));
    CHECK(processes_of(lab).empty());
    const Finished logs = lab_command(lab, {"check", "latest", "--replica-logs"});
    CHECK(logs.exit_code == 64);
    CHECK(logs.err.find("kept no input journals") != std::string::npos);
    const Finished as_file = lab_command(lab, {"check", "latest", "--model", "register"});
    CHECK(as_file.exit_code == 64);
    CHECK(as_file.err.find("latest is a run") != std::string::npos);

    // By another checker than its own, which leaves what is stored as it is.
    const Finished in_logs = lab_command(lab, {"check", "latest", "--checker", "log-patterns"});
    INFO(in_logs.out << in_logs.err);
    CHECK(in_logs.exit_code == 0);
    std::ofstream(only_run(lab) / "nodes/n2/logs/replica.log", std::ios::app) << "odd: 7\n";
    const Finished found = lab_command(
        lab, {"check", "latest", "--checker", "log-patterns", "--option", "patterns=odd"});
    CHECK(found.exit_code == 1);
    CHECK(found.out.find("of nodes/n2/logs/replica.log is: odd: 7") != std::string::npos);
    CHECK(holds(lab, "select count(*) = 0 from check_run where checker = 'log-patterns'"));
    CHECK(lab_command(lab, {"check", "latest", "--option", "patterns=x"}).exit_code == 64);
    CHECK(lab_command(lab, {"check", "latest", "--checker", "log-patterns", "--option", "x=1"})
              .exit_code == 64);

    // The secret is where the replicas look for it, and in nothing that a run is shown by.
    const fs::path directory = only_run(lab);
    const std::string secret = contents(directory / "nodes" / "n1" / "data" / "cluster.key");
    REQUIRE(secret.size() == 65);
    CHECK(secret == contents(directory / "nodes" / "n3" / "data" / "cluster.key"));
    for (const fs::path& file : {directory / "run.db", directory / "report.html"})
        CHECK(contents(file).find(secret.substr(0, 64)) == std::string::npos);
}

TEST_CASE("clients that went on to the primary's node are cut off all the same") {
    const TemporaryDirectory lab;
    const Finished run =
        lab_command(lab, {"run", "vsr", "-f", "partition:client", "--time", "8s", "--seed", "55"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    CHECK(holds(lab, "select count(*) > 0 from fault"));
    // Whom it hurts is drawn; that it hurts is not.
    CHECK(holds(lab,
                "select count(*) = 0 from fault f where not exists (select 1 from evidence e "
                "where e.fault = f.id and e.phase = 'during' and e.proves = 1)"));
    // The record says who answered, not whom a client began with.
    CHECK(holds(lab, "select count(*) > 0 from op where status = 'ok' and node <> client % 3"));
}

TEST_CASE("a store of one replica passes under the usual faults, and says what was not compared") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(lab,
                                     {"run",
                                      "vsr",
                                      "--nodes",
                                      "1",
                                      "--option",
                                      "journal=on",
                                      "--time",
                                      "20s",
                                      "--seed",
                                      "7",
                                      "--json"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    const auto report = nlohmann::json::parse(run.out);
    for (const auto& checker : report.at("checkers")) {
        if (checker.at("name") != "digest-agreement") continue;
        CHECK(checker.at("reason") == "one replica: nothing to compare but its own lives");
    }
    CHECK(holds(lab, "select count(distinct class) = 3 from fault"));
    const Finished logs = lab_command(lab, {"check", "latest", "--replica-logs"});
    INFO(logs.out << logs.err);
    CHECK(logs.exit_code == 0);
    CHECK(logs.out.find("Outcomes that no client learned were decided by") != std::string::npos);
    const Finished ring = lab_command(lab, {"run", "vsr", "--nodes", "1", "-f", "partition:ring"});
    CHECK(ring.exit_code == 64);
    CHECK(ring.err.find("cannot be among 1 node") != std::string::npos);
}

TEST_CASE("a planted bug is named first, with whether it fired, and its violation found") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(
        lab,
        {"run", "vsr", "--bug", "V11", "-f", "partition:leaders", "--time", "12s", "--seed", "3"});
    INFO(run.out << run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.out.find("planted bug V11") != std::string::npos);
    CHECK(run.out.find("V11 fired") != std::string::npos);
    CHECK(run.out.find("stale read") != std::string::npos);
    CHECK(holds(lab, "select count(*) > 0 from event where kind = 'bug_fired'"));
}

TEST_CASE("scans and transactions under leases and kills are valid, also with a log that wraps") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(lab,
                                     {"run",
                                      "vsr",
                                      "-w",
                                      "kv",
                                      "--option",
                                      "slots=64",
                                      "--option",
                                      "reads=lease",
                                      "-f",
                                      "kill:one",
                                      "--time",
                                      "8s",
                                      "--seed",
                                      "7"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    CHECK(holds(lab, "select count(distinct node) = 3 from event where kind = 'checkpointed'"));
}
