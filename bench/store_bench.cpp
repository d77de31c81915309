// What the store can take: workers that do nothing but invoke and return operations.
//
//   bench_store [OPERATIONS] [WORKERS] [DIRECTORY]       default 1,000,000, 20, the temporary one
//
// The named limit is a bare loop in one thread that inserts the same rows into the same tables with
// prepared statements, a commit every 1,000 rows, and no queue: what SQLite alone can do.

#include "core/store/database.hpp"
#include "core/store/run_reader.hpp"
#include "core/store/run_writer.hpp"
#include "core/store/sql.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace faultlab;
namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr std::int64_t keys = 1000;
constexpr std::int64_t batch_rows = 1000;

class SteadyClock final : public Clock {
public:
    [[nodiscard]] Nanos now() const override { return (Steady::now() - start_).count(); }

private:
    Steady::time_point start_ = Steady::now();
};

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

template <class T>
T must(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "{}\n", result.error().text());
        std::exit(70);
    }
    return std::move(result).value();
}
void must(const Result<void>& result) {
    if (result) return;
    fmt::print(stderr, "{}\n", result.error().text());
    std::exit(70);
}

std::unique_ptr<RunWriter> writer_at(const fs::path& file) {
    return must(RunWriter::create(file, {.run_id = "bench"}));
}

void work(OpLane& lane,
          const Clock& clock,
          std::int32_t worker,
          std::int32_t workers,
          std::int64_t operations) {
    InvokeRow write{.process = worker, .node = worker % 3, .op = {.f = "write"}};
    InvokeRow read{.process = worker, .node = worker % 3, .op = {.f = "read"}};
    for (std::int64_t i = 0; i < operations; ++i) {
        InvokeRow& row = i % 2 == 0 ? write : read;
        row.op.key = Value(i % keys);
        if (i % 2 == 0) row.op.arg = Value(i * workers + worker);
        row.t_due = clock.now();
        const Index invoked = lane.invoke(row, clock);
        const Completion completion = i % 2 == 0 ? Done{} : Done{Value(i * workers + worker)};
        lane.complete(invoked, completion, no_node, clock);
    }
}

/// Seconds until all rows are in the file: drained and closed, or also folded.
double run_writer(const fs::path& file, std::int64_t operations, int workers, bool fold) {
    auto writer = writer_at(file);
    const SteadyClock clock;
    const auto start = Steady::now();
    {
        std::vector<std::jthread> threads;
        for (std::int32_t worker = 0; worker < workers; ++worker) {
            OpLane& lane = writer->open_lane(worker);
            threads.emplace_back(
                [&, worker] { work(lane, clock, worker, workers, operations / workers); });
        }
    }
    if (fold) must(writer->finish("complete"));
    writer.reset();
    return seconds_since(start);
}

double run_bare_loop(const fs::path& file, std::int64_t operations) {
    writer_at(file).reset();
    Database database = must(Database::open(file, Database::Mode::write));
    must(database.execute(sql::writer_settings));
    Statement invoke = must(database.prepare(sql::insert_invoke));
    Statement complete = must(database.prepare(sql::insert_return));
    const SteadyClock clock;
    const auto start = Steady::now();
    must(database.execute(sql::begin));
    for (std::int64_t i = 0; i < operations; ++i) {
        const bool writes = i % 2 == 0;
        invoke.bind(1, 2 * i).bind(2, i % 20).bind(3, i % 20).bind(4, i % 3);
        invoke.bind_text(5, writes ? "write" : "read").bind(6, i % keys);
        writes ? invoke.bind(7, i) : invoke.bind_null(7);
        must(invoke.bind(8, clock.now()).bind(9, clock.now()).run("invoke"));
        complete.bind(1, 2 * i + 1).bind(2, 2 * i).bind_text(3, "ok");
        writes ? complete.bind_null(4) : complete.bind(4, i);
        must(complete.bind_text(5, "").bind(6, clock.now()).run("return"));
        if ((i + 1) % (batch_rows / 2) != 0) continue;
        must(database.execute(sql::commit));
        must(database.execute(sql::begin));
    }
    must(database.execute(sql::commit));
    return seconds_since(start);
}

void report_load(const char* name, const fs::path& file) {
    const auto start = Steady::now();
    const Record record = must(load_record(file));
    const double took = seconds_since(start);
    fmt::print("{:<34} {:>8.3f} s  {} operations\n", name, took, record.history.size());
}

void report_rate(const char* name, double took, std::int64_t operations) {
    fmt::print(
        "{:<34} {:>8.3f} s  {:>9.0f} op/s\n", name, took, static_cast<double>(operations) / took);
}

} // namespace

int main(int argc, char** argv) {
    const std::int64_t operations = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
    const int workers = argc > 2 ? std::atoi(argv[2]) : 20;
    std::string name =
        (fs::path(argc > 3 ? argv[3] : fs::temp_directory_path()) / "bench-store-XXXXXX").string();
    if (operations < workers || workers < 1 || ::mkdtemp(name.data()) == nullptr) {
        fmt::print(stderr, "usage: bench_store [OPERATIONS] [WORKERS] [DIRECTORY]\n");
        return 64;
    }
    const fs::path directory = name;
    const double bare = run_bare_loop(directory / "bare.db", operations);
    report_rate("bare loop, one thread (the limit)", bare, operations);
    const double open = run_writer(directory / "open.db", operations, workers, false);
    report_rate(fmt::format("store, {} workers", workers).c_str(), open, operations);
    fmt::print("{:<34} {:>8.2f}\n", "share of the limit", bare / open);
    const double folded = run_writer(directory / "folded.db", operations, workers, true);
    report_rate("store, with fold", folded, operations);
    fmt::print("{:<34} {:>8.3f} s\n", "cost of the fold", folded - open);
    report_load("load, folded", directory / "folded.db");
    report_load("load, not folded", directory / "open.db");
    fmt::print("{:<34} {:>8.1f} MiB folded, {:.1f} MiB not\n",
               "size of run.db",
               static_cast<double>(fs::file_size(directory / "folded.db")) / (1 << 20),
               static_cast<double>(fs::file_size(directory / "open.db")) / (1 << 20));
    fs::remove_all(directory);
    return 0;
}
