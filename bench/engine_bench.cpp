// How many operations a second the engine makes and records: 20 workers in real threads, a closed
// loop, a client that answers at once. An operation counts when its invocation and its completion
// both are in run.db: the time includes draining the queues and closing the file. The bare loop
// does the same without recording: the ratio is what the record costs.
//
//     bench_engine [seconds]

#include "controller/engine/load.hpp"
#include "controller/engine/monotonic_clock.hpp"
#include "controller/engine/streams.hpp"
#include "core/store/run_reader.hpp"
#include "tests/support/fake_lab.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

using namespace faultlab;

namespace {

Plan bench_plan(const Workload& workload, Nanos duration) {
    Plan plan{.seed = 1,
              .system = "none",
              .workload = "register",
              .nodes = 5,
              .workers_per_node = 4,
              .rate = 0,
              .duration = duration};
    plan.options = complete_options({}, workload.options(), "register").value();
    for (std::int32_t w = 0; w < plan.workers(); ++w)
        plan.stream_seeds.push_back(Rng(1).split("process/" + std::to_string(w)).seed());
    return plan;
}

/// Forgets all rows.
class NoWriter : public RunWriter {
public:
    OpLane& open_lane(std::int32_t) override { return lane_; }
    Result<void> fault_intended(const Fault&, Nanos) override { return {}; }
    void fault_changed(FaultId, FaultState, Nanos) override {}
    void evidence(FaultId, const Evidence&) override {}
    void sample(const Sample&) override {}
    void event(const Event&) override {}
    void incarnation_started(NodeId, std::int32_t, Nanos) override {}
    void incarnation_ended(NodeId, std::int32_t, Nanos, std::string_view) override {}
    void log_file(const LogFile&) override {}
    void meta(std::string_view, const Value&) override {}
    [[nodiscard]] std::optional<Error> failure() const override { return std::nullopt; }
    Result<void> finish(std::string_view) override { return {}; }

private:
    class NoLane : public OpLane {
    public:
        Index invoke(const InvokeRow&, const Clock&) override { return 0; }
        Index complete(Index, const Completion&, NodeId, const Clock&) override { return 0; }
    };
    NoLane lane_;
};

struct Measured {
    std::int64_t operations = 0;
    Nanos load = 0;     ///< until the last worker ended
    Nanos finished = 0; ///< until the file was closed
    Nanos cpu = 0;      ///< of all threads of this process, meanwhile
};

Nanos cpu_time() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto nanos = [](const timeval& t) { return t.tv_sec * second + t.tv_usec * microsecond; };
    return nanos(usage.ru_utime) + nanos(usage.ru_stime);
}

Measured measure(const Workload& workload, const Plan& plan, RunWriter& writer) {
    FakeWorld world(plan.nodes);
    world.answer = [](NodeId, const Invocation& op) -> Completion {
        return op.f == "cas" ? Done{true} : Done{};
    };
    const Deployment deployment = {.nodes = {{}, {}, {}, {}, {}}};
    const Nanos cpu_before = cpu_time();
    const MonotonicClock clock;
    Tally tally;
    std::deque<Worker> workers;
    for (std::int32_t w = 0; w < plan.workers(); ++w) {
        const Seat seat{.worker = w, .workers = plan.workers(), .node = w % plan.nodes};
        workers.emplace_back(seat, writer.open_lane(w), tally)
            .follow(body_stream(workload, plan, w).generator);
    }
    {
        Load load({.lab = &world.lab(),
                   .system = &world.system(),
                   .deployment = &deployment,
                   .writer = &writer,
                   .clock = &clock},
                  workers);
        while (!load.wait_finished(second)) {
        }
    }
    Measured measured{.operations = tally.ok.load(), .load = clock.now()};
    if (const Result<void> finished = writer.finish("complete"); !finished) {
        fmt::print(stderr, "{}\n", finished.error().text());
        std::exit(70);
    }
    measured.finished = clock.now();
    measured.cpu = cpu_time() - cpu_before;
    return measured;
}

double rate(std::int64_t operations, Nanos time) {
    return static_cast<double>(operations) * 1e9 / static_cast<double>(time);
}

} // namespace

int main(int argc, char** argv) {
    const Nanos duration = (argc > 1 ? std::atoll(argv[1]) : 5) * second;
    const auto workload = find_workload("register").value()->make();

    NoWriter nothing;
    const Measured bare = measure(*workload, bench_plan(*workload, duration), nothing);

    const std::filesystem::path directory =
        std::filesystem::temp_directory_path() / fmt::format("faultlab-bench-{}", getpid());
    const std::filesystem::path run_db = directory / "run.db";
    const Plan plan = bench_plan(*workload, duration);
    Result<std::unique_ptr<RunWriter>> writer =
        RunWriter::create(run_db, {.run_id = "bench", .plan = plan});
    if (!writer) {
        fmt::print(stderr, "{}\n", writer.error().text());
        return 70;
    }
    const Measured recorded = measure(*workload, plan, **writer);
    writer->reset();
    const Result<Record> record = load_record(run_db);
    const std::size_t stored = record ? record->history.size() : 0;
    const auto bytes = std::filesystem::file_size(run_db);
    std::filesystem::remove_all(directory);

    fmt::print("workers                    {}\n", plan.workers());
    fmt::print("operations recorded        {} ({} in run.db, {} MB)\n",
               recorded.operations,
               stored,
               bytes / 1'000'000);
    fmt::print("load                       {:.2f} s\n", static_cast<double>(recorded.load) / 1e9);
    fmt::print("with draining and closing  {:.2f} s\n",
               static_cast<double>(recorded.finished) / 1e9);
    fmt::print("operations a second        {:.0f} while the load lasts, {:.0f} over all\n",
               rate(recorded.operations, recorded.load),
               rate(recorded.operations, recorded.finished));
    fmt::print("without recording          {:.0f} a second ({:.2f} of it is kept)\n",
               rate(bare.operations, bare.load),
               rate(recorded.operations, recorded.finished) / rate(bare.operations, bare.load));
    // On a machine that does other things too, this is what can be compared.
    fmt::print("processor time             {:.2f} us an operation, {:.2f} us without recording\n",
               1e6 / rate(recorded.operations, recorded.cpu),
               1e6 / rate(bare.operations, bare.cpu));
    return static_cast<std::int64_t>(stored) == recorded.operations ? 0 : 1;
}
