// Whole promises at their full length, on the lab's own store.

#include "core/store/run_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/lab_command.hpp"

#include <chrono>
#include <map>

using namespace faultlab;
using namespace faultlab::test;

namespace {

/// How many of ten seeds end with this exit code.
int seeds_ending(int exit_code, const std::vector<std::string>& arguments) {
    int count = 0;
    for (int seed = 1; seed <= 10; ++seed) {
        const TemporaryDirectory lab;
        std::vector<std::string> command = arguments;
        command.insert(command.end(), {"--time", "60s", "--seed", std::to_string(seed)});
        const Finished run = lab_command(lab, command);
        WARN("seed " << seed << ": exit " << run.exit_code);
        if (run.exit_code != exit_code) UNSCOPED_INFO(run.out << run.err);
        count += run.exit_code == exit_code ? 1 : 0;
    }
    return count;
}

} // namespace

TEST_CASE("without arguments a run is valid, with evidence, within a minute") {
    const TemporaryDirectory lab;
    const auto start = std::chrono::steady_clock::now();
    const Finished run = lab_command(lab, {"run"});
    const auto took = std::chrono::steady_clock::now() - start;
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    CHECK(took < std::chrono::seconds(60));
    const auto record = load_record(only_run(lab) / "run.db");
    REQUIRE(record.ok());
    CHECK(record->plan.system == "vsr");
    std::map<std::string, int> effective;
    for (const FaultRecord& fault : record->faults)
        effective[fault.fault.nemesis] += fault.effective() && fault.healed() ? 1 : 0;
    for (const char* nemesis : {"partition", "kill", "pause"})
        CHECK(effective[nemesis] >= 1);
}

TEST_CASE("local reads of a cut-off primary (V11) are found for at least 8 of 10 seeds") {
    CHECK(seeds_ending(1, {"run", "vsr", "--bug", "V11", "-f", "partition"}) >= 8);
}

TEST_CASE("partitions of the store without a bug are valid for 10 of 10 seeds") {
    CHECK(seeds_ending(0, {"run", "vsr", "-f", "partition"}) == 10);
}

TEST_CASE("amnesia after a kill (V5) is found for at least 8 of 10 seeds") {
    CHECK(seeds_ending(1, {"run", "vsr", "--bug", "V5", "-f", "kill"}) >= 8);
}

TEST_CASE("kills of the store without a bug are valid for 10 of 10 seeds") {
    CHECK(seeds_ending(0, {"run", "vsr", "-f", "kill"}) == 10);
}
