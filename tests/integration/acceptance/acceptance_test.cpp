// Whole promises at their full length, on a real etcd cluster.

#include "core/store/run_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/lab_command.hpp"

#include <csignal>
#include <map>

using namespace faultlab;
using namespace faultlab::test;

TEST_CASE("60 s of partition, kill and pause over a correct etcd are valid, with evidence") {
    const TemporaryDirectory lab;
    const Finished run = lab_command(lab,
                                     {"run",
                                      "etcd",
                                      "-w",
                                      "register",
                                      "-f",
                                      "partition,kill,pause",
                                      "--time",
                                      "60s",
                                      "--seed",
                                      "7"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    const auto record = load_record(only_run(lab) / "run.db");
    REQUIRE(record.ok());
    const auto status = record->history.status();
    CHECK(std::count(status.begin(), status.end(), OpStatus::ok) > 10'000);
    std::map<std::string, int> effective;
    for (const FaultRecord& fault : record->faults)
        effective[fault.fault.nemesis] += fault.effective() && fault.healed() ? 1 : 0;
    CHECK(effective["partition"] >= 2);
    CHECK(effective["kill"] >= 2);
    CHECK(effective["pause"] >= 2);
}

TEST_CASE("stale reads are found for at least 8 of 10 seeds, with the partition that was active") {
    int found = 0;
    for (int seed = 1; seed <= 10; ++seed) {
        const TemporaryDirectory lab;
        const Finished run = lab_command(lab,
                                         {"run",
                                          "etcd",
                                          "-w",
                                          "register",
                                          "--option",
                                          "reads=serializable",
                                          "-f",
                                          "partition",
                                          "--time",
                                          "60s",
                                          "--seed",
                                          std::to_string(seed)});
        const bool named = run.out.find("stale read") != std::string::npos &&
                           run.out.find("must never be read") != std::string::npos &&
                           run.out.find("FAULT ") != std::string::npos;
        WARN("seed " << seed << ": exit " << run.exit_code << (named ? "" : ", not named"));
        if (run.exit_code == 1 && named) ++found;
    }
    CHECK(found >= 8);
}

TEST_CASE("a lab killed after 10 s is never told to have found a violation, 20 times of 20") {
    int judged = 0;
    for (int i = 0; i < 20; ++i) {
        const TemporaryDirectory lab;
        const Finished run =
            lab_command(lab,
                        {"run", "etcd", "-f", "partition,kill,pause", "--seed", std::to_string(i)},
                        signalled(SIGKILL, std::chrono::seconds(10)));
        CHECK(run.signal == SIGKILL);
        const Finished check = lab_command(lab, {"check", only_run(lab).string()});
        INFO("seed " << i << ": " << check.out << check.err);
        CHECK((check.exit_code == 0 || check.exit_code == 2));
        const bool reported = std::filesystem::exists(only_run(lab) / "report.html");
        CHECK(reported);
        CHECK(processes_of(lab).empty());
        judged += reported ? 1 : 0;
    }
    CHECK(judged == 20);
}
