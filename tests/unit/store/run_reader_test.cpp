#include "core/store/database.hpp"
#include "core/store/run_reader.hpp"
#include "tests/unit/store/child.hpp"
#include "tests/unit/store/store_support.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace faultlab::store_test {
namespace {

namespace fs = std::filesystem;

/// Names and bytes of all files.
std::map<std::string, std::string> files_in(const fs::path& directory) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(directory)) {
        std::ifstream in(entry.path(), std::ios::binary);
        files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(in), {}};
    }
    return files;
}

void write_run(const fs::path& run_db, int operations, bool finish) {
    const TickingClock clock;
    auto writer = writer_at(run_db);
    OpLane& lane = writer->open_lane(0);
    for (int i = 0; i < operations; ++i)
        operate(lane, clock, 0, {"write", Value(1), Value(i)}, Done{});
    if (finish) REQUIRE(writer->finish("complete"));
}

/// The files of a lab that was killed after it committed so many operations.
void write_killed_run(const fs::path& run_db, std::size_t operations) {
    Child lab([&]() -> std::string {
        const TickingClock clock;
        auto writer = RunWriter::create(run_db, header());
        if (!writer) return writer.error().text();
        OpLane& lane = (*writer)->open_lane(0);
        for (std::size_t i = 0; i < operations; ++i)
            operate(lane, clock, 0, {"write", Value(1), Value(i)}, Done{});
        const bool forever = eventually([] { return false; });
        return forever ? "" : "not killed";
    });
    const bool committed = eventually([&] {
        const auto record = load_record(run_db);
        return record && record->history.size() == operations;
    });
    CHECK(committed);
}

std::string message_of(const fs::path& run_db) {
    const auto record = load_record(run_db);
    return record ? "it was read" : record.error().message;
}

TEST_CASE("reading what a killed lab left does not touch it", "[store]") {
    const Directory directory;
    write_killed_run(directory / "run.db", 100);
    const auto before = files_in(directory.path());
    REQUIRE(before.count("run.db-wal") == 1);
    const auto record = load_record(directory / "run.db");
    REQUIRE(record);
    CHECK(record->history.size() == 100);
    REQUIRE(load_check_results(directory / "run.db"));
    CHECK(files_in(directory.path()) == before);
}

TEST_CASE("private copies are removed", "[store]") {
    const Directory directory;
    write_killed_run(directory / "run.db", 10);
    const Directory temporary;
    REQUIRE(::setenv("TMPDIR", temporary.path().c_str(), 1) == 0);
    const auto record = load_record(directory / "run.db");
    REQUIRE(::unsetenv("TMPDIR") == 0);
    REQUIRE(record);
    CHECK(files_in(temporary.path()).empty());
}

TEST_CASE("a run in WAL mode without its log is read in place", "[store]") {
    const Directory directory;
    write_run(directory / "run.db", 100, false);
    const auto before = files_in(directory.path());
    REQUIRE(before.size() == 1);
    const auto record = load_record(directory / "run.db");
    REQUIRE(record);
    CHECK(record->history.size() == 100);
    CHECK(files_in(directory.path()) == before);
}

TEST_CASE("a file name may hold anything", "[store]") {
    const Directory directory;
    const fs::path run_db = directory / "a?b=c#d%20 ü" / "run.db";
    write_run(run_db, 3, true);
    const auto record = load_record(run_db);
    REQUIRE(record);
    CHECK(record->history.size() == 3);
}

TEST_CASE("what is no run.db is refused", "[store]") {
    const Directory directory;
    const fs::path run_db = directory / "run.db";
    const std::string name = run_db.string();

    CHECK(message_of(run_db) == "there is no run.db at " + name);
    CHECK(message_of(directory.path()) == "there is no run.db at " + directory.path().string());

    std::ofstream(run_db) << std::string(4096, 'x');
    CHECK(message_of(run_db) == "cannot read " + name + ": it is not a SQLite file");

    std::ofstream(run_db, std::ios::trunc) << "";
    CHECK(message_of(run_db) == name + " is a SQLite file, but not the run.db of a run");

    auto other = Database::open(directory / "other.db", Database::Mode::write);
    REQUIRE(other);
    REQUIRE(other->execute("CREATE TABLE t (a); PRAGMA user_version = 1"));
    CHECK(message_of(directory / "other.db") ==
          (directory / "other.db").string() + " is a SQLite file, but not the run.db of a run");
}

TEST_CASE("a truncated run.db is refused", "[store]") {
    const Directory directory;
    const fs::path run_db = directory / "run.db";
    write_run(run_db, 20'000, true);
    fs::resize_file(run_db, fs::file_size(run_db) / 2);
    CHECK(message_of(run_db).find(run_db.string() + ": the file is damaged or truncated") !=
          std::string::npos);
}

TEST_CASE("a run.db of a newer schema is refused", "[store]") {
    const Directory directory;
    const fs::path run_db = directory / "run.db";
    write_run(run_db, 1, true);
    REQUIRE(Database::open(run_db, Database::Mode::write)->execute("PRAGMA user_version = 2"));
    CHECK(message_of(run_db) ==
          run_db.string() + " was written by a newer faultlab: its schema has version 2, this "
                            "faultlab knows version 1");
    CHECK_FALSE(store_check_results(run_db, {}));
}

TEST_CASE("a return without its invocation is refused", "[store]") {
    const Directory directory;
    const fs::path run_db = directory / "run.db";
    write_run(run_db, 2, false);
    REQUIRE(Database::open(run_db, Database::Mode::write)
                ->execute("DELETE FROM op_invoke WHERE idx = 0"));
    CHECK(message_of(run_db).find("the return with index 1 has no invocation") !=
          std::string::npos);
}

CheckResult invalid_result() {
    CheckResult result{.checker = "linearizability",
                       .verdict = Verdict::invalid,
                       .reason = "key k17 has no order",
                       .statistics = {{"keys", Value(4)}}};
    result.findings.push_back({.checker = "linearizability",
                               .anomaly = "nonlinearizable",
                               .key = Value("k17"),
                               .ops = {5, 2, 9},
                               .faults = {1, 3},
                               .divergence = 9,
                               .considered_ops = 12,
                               .explained_ops = 11,
                               .minimal = true,
                               .details = {{"window", Value(Value::List{Value(1), Value(2)})}}});
    result.findings.push_back({.checker = "linearizability", .anomaly = "other"});
    return result;
}

TEST_CASE("results of checks are kept beside each other, the newest counts", "[store]") {
    const Directory directory;
    const fs::path run_db = directory / "run.db";
    if (GENERATE(true, false)) {
        write_run(run_db, 10, true);
    } else {
        write_killed_run(run_db, 10);
    }
    CHECK(load_check_results(run_db).value().empty());
    const CheckResult stats{.checker = "stats", .verdict = Verdict::valid, .took = 7};
    const CheckResult old{
        .checker = "linearizability", .verdict = Verdict::unknown, .reason = "budget spent"};
    REQUIRE(store_check_results(run_db, {stats, old}));
    REQUIRE(store_check_results(run_db, {invalid_result()}));

    const auto results = load_check_results(run_db);
    REQUIRE(results);
    REQUIRE(results->size() == 2);
    CHECK(results->at(0).checker == "stats");
    CHECK(results->at(0).verdict == Verdict::valid);
    CHECK(results->at(0).took == 7);
    const CheckResult& result = results->at(1);
    const CheckResult expected = invalid_result();
    CHECK(result.verdict == expected.verdict);
    CHECK(result.reason == expected.reason);
    CHECK(result.statistics == expected.statistics);
    REQUIRE(result.findings.size() == 2);
    const Finding& finding = result.findings[0];
    const Finding& stored = expected.findings[0];
    CHECK(finding.checker == stored.checker);
    CHECK(finding.anomaly == stored.anomaly);
    CHECK(finding.key == stored.key);
    CHECK(finding.ops == stored.ops);
    CHECK(finding.faults == stored.faults);
    CHECK(finding.divergence == stored.divergence);
    CHECK(finding.considered_ops == stored.considered_ops);
    CHECK(finding.explained_ops == stored.explained_ops);
    CHECK(finding.minimal == stored.minimal);
    CHECK(finding.details == stored.details);
    CHECK(result.findings[1].divergence == -1);
    CHECK(load_record(run_db).value().history.size() == 10);
}

} // namespace
} // namespace faultlab::store_test
