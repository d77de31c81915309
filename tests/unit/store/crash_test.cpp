// What is left when the lab is killed or its disk fills up: always a prefix of the index order.

#include "core/rng.hpp"
#include "core/store/run_file.hpp"
#include "core/store/run_reader.hpp"
#include "tests/unit/store/child.hpp"
#include "tests/unit/store/store_support.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace faultlab::store_test {
namespace {

namespace fs = std::filesystem;

constexpr int workers = 4;

std::uintmax_t bytes_of(const fs::path& run_db) {
    std::uintmax_t bytes = 0;
    for (const char* suffix : {"", "-wal"}) {
        std::error_code error;
        const auto size = fs::file_size(run_db.string() + suffix, error);
        if (!error) bytes += size;
    }
    return bytes;
}

/// Works until it is killed, the store fails, or `operations` are done by each worker.
void work(RunWriter& writer, std::int64_t operations) {
    const TickingClock clock;
    std::vector<std::jthread> threads;
    for (std::int32_t worker = 0; worker < workers; ++worker) {
        OpLane& lane = writer.open_lane(worker);
        threads.emplace_back([&, worker] {
            Rng rng = Rng(1).split(std::to_string(worker));
            for (std::int64_t i = 0; i < operations; ++i) {
                if (writer.failure()) return;
                const std::string text(rng.below(200), 'x');
                const Completion completion =
                    rng.chance(1, 4) ? Completion(Unknown{text}) : Completion(Done{Value(i)});
                operate(lane, clock, worker, {"write", Value(i % 7), Value(text)}, completion);
                if (i % 64 == 0) writer.sample({.t = i, .node = 0, .metric = "term", .value = i});
            }
        });
    }
}

/// What is wrong with the indexes in the file; empty when they are 0, 1, …, k and every return has
/// its invocation.
std::string gaps_of(const fs::path& run_db, std::int64_t* rows = nullptr) {
    const auto file = RunFile::open(run_db);
    if (!file) return file.error().text();
    auto database = file->connect();
    if (!database) return database.error().text();
    const auto ask = [&](const char* sql) { return database->query_integer(sql).value(); };
    const std::int64_t count =
        ask("SELECT (SELECT count(*) FROM op_invoke) + (SELECT count(*) FROM op_return)");
    const std::int64_t distinct =
        ask("SELECT count(*) FROM (SELECT idx FROM op_invoke UNION SELECT idx FROM op_return)");
    const std::int64_t highest = ask("SELECT max(coalesce((SELECT max(idx) FROM op_invoke), -1), "
                                     "coalesce((SELECT max(idx) FROM op_return), -1))");
    const std::int64_t orphans = ask("SELECT count(*) FROM op_return WHERE inv_index NOT IN "
                                     "(SELECT idx FROM op_invoke)");
    if (rows != nullptr) *rows = count;
    if (count == distinct && count == highest + 1 && orphans == 0) return "";
    return std::to_string(count) + " rows, " + std::to_string(distinct) + " indexes up to " +
           std::to_string(highest) + ", " + std::to_string(orphans) + " orphans";
}

/// Waits until so many operations are in the file of a living writer.
bool all_committed(const fs::path& run_db, std::int64_t operations) {
    return eventually([&] {
        const auto record = load_record(run_db);
        return record && static_cast<std::int64_t>(record->history.size()) == operations;
    });
}

TEST_CASE("what a killed lab leaves is a prefix of the index order", "[store]") {
    Rng rng(7);
    constexpr int rounds = 25;
    int with_rows = 0;
    for (int round = 0; round < rounds; ++round) {
        const Directory directory;
        const fs::path run_db = directory / "run.db";
        Child lab([&]() -> std::string {
            auto writer = RunWriter::create(run_db, header());
            if (!writer) return writer.error().text();
            work(**writer, INT64_MAX);
            return "the store failed";
        });
        const std::uintmax_t enough = 200'000 + rng.below(4'000'000);
        REQUIRE(eventually([&] { return bytes_of(run_db) > enough; }));
        lab.kill();

        std::int64_t rows = 0;
        INFO("round " << round << ", killed at " << enough << " bytes");
        REQUIRE(gaps_of(run_db, &rows) == "");
        with_rows += rows > 0 ? 1 : 0;
        const auto record = load_record(run_db);
        INFO((record ? std::string() : record.error().text()));
        REQUIRE(record);
        CHECK(record->history.size() <= static_cast<std::size_t>(rows));
        CHECK(record->meta.count("ended") == 0);
    }
    // The file may be that large while its first transaction is still open; not often.
    CHECK(with_rows >= rounds / 2);
}

TEST_CASE("a lab killed while it folds loses no operation", "[store]") {
    constexpr std::int64_t operations = 3'000;
    Rng rng(8);
    for (int round = 0; round < 6; ++round) {
        const Directory directory;
        const fs::path run_db = directory / "run.db";
        Child lab([&]() -> std::string {
            auto writer = RunWriter::create(run_db, header());
            if (!writer) return writer.error().text();
            work(**writer, operations);
            if (!all_committed(run_db, operations * workers)) return "not committed";
            std::ofstream(directory / "folding") << "now";
            if (!(*writer)->finish("complete")) return "finish";
            return "";
        });
        REQUIRE(eventually([&] { return fs::exists(directory / "folding"); }));
        const std::uintmax_t before = bytes_of(run_db);
        const std::uintmax_t more = rng.below(3'000'000);
        // Either it writes so much more, or it is done with it.
        REQUIRE(eventually([&] {
            return bytes_of(run_db) > before + more || !fs::exists(run_db.string() + "-wal");
        }));
        lab.kill();
        const auto record = load_record(run_db);
        INFO((record ? std::string() : record.error().text()));
        REQUIRE(record);
        CHECK(record->history.size() == operations * workers);
    }
}

TEST_CASE("a fault that is intended is in the file at once", "[store]") {
    const Directory directory;
    const fs::path run_db = directory / "run.db";
    Child lab([&]() -> std::string {
        auto writer = RunWriter::create(run_db, header());
        if (!writer) return writer.error().text();
        if (!(*writer)->fault_intended({.id = 9, .nemesis = "kill"}, 5)) return "fault";
        ::kill(::getpid(), SIGKILL);
        return "alive";
    });
    CHECK(lab.join() == "the child ended with 9");
    const auto record = load_record(run_db);
    REQUIRE(record);
    REQUIRE(record->faults.size() == 1);
    CHECK(record->faults[0].fault.id == 9);
}

/// A file system of so many bytes in a mount namespace of this process alone. Empty when done.
std::string mount_small_disk(const fs::path& at, const std::string& size) {
    if (::unshare(CLONE_NEWNS) != 0) {
        const uid_t user = ::getuid();
        const gid_t group = ::getgid();
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return "no namespaces";
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
        std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
    }
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "no namespaces";
    const std::string options = "size=" + size;
    if (::mount("none", at.c_str(), "tmpfs", 0, options.c_str()) != 0) return "no namespaces";
    return "";
}

bool says(const Error& error, std::string_view part) {
    return error.text().find(part) != std::string::npos;
}

/// Fills the disk with operations; what is wrong with how the store takes it.
std::string fill_disk(const fs::path& run_db) {
    auto created = RunWriter::create(run_db, header());
    if (!created) return created.error().text();
    RunWriter& writer = **created;
    work(writer, INT64_MAX); // Comes back: neither lanes nor samples are left blocked.
    const auto failure = writer.failure();
    if (!failure) return "no failure";
    for (const char* part : {"operations", run_db.c_str(), "the disk is full", "free space"}) {
        if (!says(*failure, part)) return "'" + failure->text() + "' lacks " + part;
    }
    const auto fault = writer.fault_intended({.id = 1, .nemesis = "kill"}, 0);
    if (fault || !says(fault.error(), "the disk is full")) return "a fault was stored";
    const auto finished = writer.finish("complete");
    if (finished || !says(finished.error(), "the disk is full")) return "it finished";
    created->reset();
    std::int64_t rows = 0;
    if (std::string gaps = gaps_of(run_db, &rows); !gaps.empty()) return gaps;
    const std::string said = "(" + std::to_string(rows) + " rows of operations were committed";
    if (!says(*failure, said)) return "'" + failure->text() + "' lacks " + said;
    const auto record = load_record(run_db);
    if (!record) return record.error().text();
    return record->history.size() > 1'000 ? "" : "hardly any operation is left";
}

TEST_CASE("a full disk is said, and loses nothing that was committed", "[store]") {
    const Directory directory;
    Child lab([&]() -> std::string {
        if (std::string why = mount_small_disk(directory.path(), "4m"); !why.empty()) return why;
        return fill_disk(directory / "run.db");
    });
    const std::string wrong = lab.join();
    if (wrong == "no namespaces") {
        WARN("this user may not make a mount namespace: not tested");
        return;
    }
    CHECK(wrong == "");
}

/// Leaves only so much room on the small disk.
bool shrink_disk(const fs::path& at, std::uintmax_t room) {
    const fs::space_info space = fs::space(at);
    const std::string options = "size=" + std::to_string(space.capacity - space.free + room);
    return ::mount("none", at.c_str(), "tmpfs", MS_REMOUNT, options.c_str()) == 0;
}

std::string fold_without_room(const fs::path& directory) {
    constexpr std::int64_t operations = 4'000;
    const fs::path run_db = directory / "run.db";
    auto writer = RunWriter::create(run_db, header());
    if (!writer) return writer.error().text();
    work(**writer, operations);
    if (!all_committed(run_db, operations * workers)) return "not committed";
    if (!shrink_disk(directory, 256 << 10)) return "no remount";
    const auto finished = (*writer)->finish("complete");
    if (finished || !says(finished.error(), "the disk is full")) return "it finished";
    writer->reset();
    const auto record = load_record(run_db);
    if (!record) return record.error().text();
    if (record->meta.count("ended") != 0) return "it has ended";
    return record->history.size() == operations * workers ? "" : "operations are missing";
}

TEST_CASE("a disk that is too small for folding leaves the run unfolded", "[store]") {
    const Directory directory;
    Child lab([&]() -> std::string {
        if (std::string why = mount_small_disk(directory.path(), "64m"); !why.empty()) return why;
        return fold_without_room(directory.path());
    });
    const std::string wrong = lab.join();
    if (wrong == "no namespaces") return;
    CHECK(wrong == "");
}

} // namespace
} // namespace faultlab::store_test
