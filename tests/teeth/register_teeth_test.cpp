#include "checker/judge.hpp"
#include "controller/engine/virtual_executor.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_writer.hpp"
#include "tests/support/toy_systems.hpp"
#include "workloads/catalogue.hpp"

#include <algorithm>

using namespace faultlab;

namespace {

struct Campaign {
    std::string model;
    ToyBug bug = ToyBug::none;
    std::vector<std::string> nemeses;
};

/// One run of the register workload on a toy, with default rates and times.
Record run_toy(const Campaign& campaign, std::uint64_t seed) {
    const auto workload = find_workload("register").value()->make();
    const Plan plan = toy_plan(*workload, seed, campaign.nemeses, {{"model", campaign.model}});
    const auto memory = std::make_shared<MemoryRun>();
    VirtualTime time;
    ToyRegister toy(time,
                    plan.nodes,
                    Rng(seed).split("toy").seed(),
                    {.bug = campaign.bug, .versioned = campaign.model == "versioned-register"});
    VirtualExecutor executor({.time = time,
                              .system = toy,
                              .workload = *workload,
                              .find_nemesis = find_toy_nemesis,
                              .create_writer = write_into(memory)});
    REQUIRE(executor.run(plan));
    return memory->record();
}

std::vector<CheckResult> judge_run(const Record& record) {
    const auto workload = find_workload("register").value()->make();
    const auto requests = complete_requests(workload->checkers(record.plan.options));
    return judge(record, requests, {});
}

CheckResult result_of(const std::vector<CheckResult>& results, const std::string& checker) {
    const auto found = std::ranges::find(results, checker, &CheckResult::checker);
    REQUIRE(found != results.end());
    return *found;
}

} // namespace

TEST_CASE("a toy without a bug earns its pass under partitions and kills", "[teeth]") {
    for (const std::string model : {"cas-register", "versioned-register"}) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            const Record record = run_toy({model, ToyBug::none, {"partition", "kill"}}, seed);
            for (const CheckResult& result : judge_run(record)) {
                CAPTURE(model, seed, result.checker, result.reason);
                CHECK(result.verdict == Verdict::valid);
            }
        }
    }
}

TEST_CASE("reads that a partition makes stale are found, whatever the seed", "[teeth]") {
    for (const std::string model : {"cas-register", "versioned-register"}) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            CAPTURE(model, seed);
            const Record record = run_toy({model, ToyBug::stale_reads, {"partition"}}, seed);
            const CheckResult result = result_of(judge_run(record), "linearizability");
            CHECK(result.verdict == Verdict::invalid);
            REQUIRE(!result.findings.empty());
            CHECK(!result.findings[0].ops.empty());
        }
    }
}

TEST_CASE("writes that a kill loses are found, whatever the seed", "[teeth]") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        const Record record = run_toy({"cas-register", ToyBug::lost_writes, {"kill"}}, seed);
        CHECK(result_of(judge_run(record), "linearizability").verdict == Verdict::invalid);
    }
}

TEST_CASE("a bug that no fault wakes is not found, and nothing else is", "[teeth]") {
    const Record record = run_toy({"cas-register", ToyBug::stale_reads, {}}, 1);
    CHECK(result_of(judge_run(record), "linearizability").verdict == Verdict::valid);
}
