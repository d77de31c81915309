// Whole promises at their full length, on the lab's own store.

#include "core/store/run_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/lab_command.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
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

/// The journals of inputs of all starts of all replicas of a run, in order.
std::vector<std::filesystem::path> journals_of(const std::filesystem::path& run) {
    std::vector<std::filesystem::path> journals;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(run / "nodes")) {
        if (entry.path().stem() == "inputs") journals.push_back(entry.path());
    }
    std::ranges::sort(journals);
    return journals;
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

TEST_CASE("100 seeds of partitions, kills and pauses of the store without a bug: none is invalid") {
    std::map<int, int> endings;
    for (int seed = 1; seed <= 100; ++seed) {
        const TemporaryDirectory lab;
        const Finished run =
            lab_command(lab, {"run", "vsr", "--time", "20s", "--seed", std::to_string(seed)});
        ++endings[run.exit_code];
        if (run.exit_code != 0) WARN("seed " << seed << ": exit " << run.exit_code << run.out);
    }
    CHECK(endings[1] == 0);
    CHECK(endings[0] + endings[2] == 100);
    CHECK(endings[0] >= 95); // a busy machine may leave a fault without effect: then it says so
}

TEST_CASE("every replica of a run under faults replays to the same effects") {
    const TemporaryDirectory lab;
    const Finished run =
        lab_command(lab, {"run", "vsr", "--option", "journal=on", "--time", "60s", "--seed", "11"});
    INFO(run.out << run.err);
    REQUIRE(run.exit_code == 0);
    const auto journals = journals_of(only_run(lab));
    CHECK(journals.size() > 3); // a kill begins another
    for (const std::filesystem::path& journal : journals) {
        const Finished replay = lab_command(lab, {"replay-node", journal.string()});
        INFO(journal << replay.out << replay.err);
        CHECK(replay.exit_code == 0);
        CHECK(replay.out.find("the same effects after") != std::string::npos);
    }
}
