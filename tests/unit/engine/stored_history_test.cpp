// The same run twice through the real store: what is on the disk depends on the seed alone.

#include "controller/engine/virtual_executor.hpp"
#include "core/store/export.hpp"
#include "core/store/run_reader.hpp"
#include "core/store/run_writer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_systems.hpp"
#include "workloads/catalogue.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>

using namespace faultlab;

namespace {

/// A directory of its own that is removed in the end.
class ScratchDirectory {
public:
    ScratchDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "faultlab-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path;
};

struct Stored {
    std::string rows;  ///< every column of every operation
    std::string jsonl; ///< as exported
};

Stored run_and_load(std::uint64_t seed) {
    const ScratchDirectory scratch;
    const auto workload = find_workload("register").value()->make();
    const Plan plan = toy_plan(*workload, seed, {"partition", "kill"});
    VirtualTime time;
    ToyRegister toy(time, plan.nodes, Rng(seed).split("toy").seed(), {});
    VirtualExecutor executor({.time = time,
                              .system = toy,
                              .workload = *workload,
                              .find_nemesis = find_toy_nemesis,
                              .create_writer = RunWriter::create,
                              .run_db = scratch.path / "run.db",
                              .run_id = "r"});
    REQUIRE(executor.run(plan));
    const Result<Record> record = load_record(scratch.path / "run.db");
    REQUIRE(record);

    Stored stored;
    const History& history = record->history;
    for (std::size_t i = 0; i < history.size(); ++i) {
        const Op op = history.op(static_cast<OpId>(i));
        for (const std::int64_t number : {std::int64_t{op.process},
                                          std::int64_t{op.client},
                                          std::int64_t{op.node},
                                          op.inv_index,
                                          op.ret_index,
                                          op.t_due,
                                          op.t_inv,
                                          op.t_ret})
            stored.rows += std::to_string(number) + " ";
        stored.rows += op.f + to_json(op.key) + to_json(op.arg) + to_json(op.ret) + op.error + "\n";
    }
    std::ostringstream jsonl;
    REQUIRE(export_jsonl(*record, jsonl));
    stored.jsonl = jsonl.str();
    return stored;
}

} // namespace

TEST_CASE("two runs of one seed store the same rows and export the same lines", "[engine]") {
    const Stored first = run_and_load(11);
    const Stored second = run_and_load(11);
    CHECK(first.rows.size() > 1'000'000);
    CHECK(std::hash<std::string>{}(first.rows) == std::hash<std::string>{}(second.rows));
    CHECK((first.rows == second.rows));
    CHECK(first.jsonl.size() > 1'000'000);
    CHECK((first.jsonl == second.jsonl));
    const Stored other = run_and_load(12);
    CHECK((first.rows != other.rows));
    CHECK((first.jsonl != other.jsonl));
}
