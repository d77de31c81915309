#include "checker/judge.hpp"
#include "controller/engine/virtual_executor.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_writer.hpp"
#include "tests/support/toy_map.hpp"
#include "workloads/catalogue.hpp"

#include <algorithm>

using namespace faultlab;

namespace {

/// One run of the workload kv on a toy map, with default rates and times.
Record run_toy(ToyMapBug bug,
               std::vector<std::string> nemeses,
               std::uint64_t seed,
               const Options& options = {}) {
    const auto workload = find_workload("kv").value()->make();
    Plan plan = toy_plan(*workload, seed, std::move(nemeses), options);
    plan.workload = "kv";
    const auto memory = std::make_shared<MemoryRun>();
    VirtualTime time;
    ToyMap toy(time, plan.nodes, Rng(seed).split("toy").seed(), bug);
    VirtualExecutor executor({.time = time,
                              .system = toy,
                              .workload = *workload,
                              .find_nemesis = find_toy_nemesis,
                              .create_writer = write_into(memory)});
    REQUIRE(executor.run(plan));
    return memory->record();
}

std::vector<CheckResult> judge_run(const Record& record) {
    const auto workload = find_workload("kv").value()->make();
    return judge(record, complete_requests(workload->checkers(record.plan.options)), {});
}

/// The bug is found whatever the seed, with a counterexample.
void expect_found(ToyMapBug bug, const std::vector<std::string>& nemeses) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        const auto results = judge_run(run_toy(bug, nemeses, seed));
        const auto result =
            std::ranges::find(results, std::string("linearizability"), &CheckResult::checker);
        REQUIRE(result != results.end());
        CHECK(result->verdict == Verdict::invalid);
        REQUIRE(!result->findings.empty());
        CHECK(result->findings[0].minimal);
    }
}

} // namespace

TEST_CASE("a toy map without a bug earns its pass under partitions and kills", "[teeth]") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        for (const CheckResult& result :
             judge_run(run_toy(ToyMapBug::none, {"partition", "kill"}, seed))) {
            CAPTURE(seed, result.checker, result.reason);
            CHECK(result.verdict == Verdict::valid);
        }
    }
}

TEST_CASE("a toy map whose bug no fault wakes passes", "[teeth]") {
    for (const ToyMapBug bug : {ToyMapBug::stale_scans, ToyMapBug::undone_deletes}) {
        for (const CheckResult& result : judge_run(run_toy(bug, {}, 1)))
            CHECK(result.verdict == Verdict::valid);
    }
}

TEST_CASE("reads and scans that a partition makes stale are found", "[teeth]") {
    expect_found(ToyMapBug::stale_scans, {"partition"});
}
TEST_CASE("changes of a map that a kill loses are found", "[teeth]") {
    expect_found(ToyMapBug::lost_writes, {"kill"});
}
TEST_CASE("deletes that a kill undoes are found", "[teeth]") {
    expect_found(ToyMapBug::undone_deletes, {"kill"});
}
TEST_CASE("additions that are not atomic are found", "[teeth]") {
    expect_found(ToyMapBug::lost_sums, {});
}
TEST_CASE("appends that are done twice are found", "[teeth]") {
    expect_found(ToyMapBug::double_appends, {});
}
TEST_CASE("transactions that are not atomic are found", "[teeth]") {
    expect_found(ToyMapBug::torn_transaction, {});
}
TEST_CASE("compare-and-set that does not compare is found", "[teeth]") {
    expect_found(ToyMapBug::loose_cas, {});
}
