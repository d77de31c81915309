#include "controller/engine/load.hpp"
#include "controller/engine/monotonic_clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_lab.hpp"
#include "tests/support/memory_writer.hpp"
#include "workloads/generators.hpp"

#include <algorithm>
#include <functional>

using namespace faultlab;

namespace {

constexpr std::int32_t worker_count = 6;

GeneratorPtr many(const std::string& f, std::int64_t count) {
    return take(count, repeat([f] { return Invocation{.f = f, .key = 1, .arg = 1}; }));
}

GeneratorPtr two_phases(std::int64_t first, std::int64_t second) {
    std::vector<GeneratorPtr> children;
    children.push_back(many("write", first));
    children.push_back(many("read", second));
    return phases(std::move(children));
}

/// Waits for ever.
class Idle : public Generator {
public:
    Step next(const Moment& moment) override { return WaitUntil{moment.now + 3600 * second}; }
    void observe(const Invocation&, const Completion&) override {}
};

struct Threads {
    FakeWorld world{3};
    MonotonicClock clock;
    std::shared_ptr<MemoryRun> memory = std::make_shared<MemoryRun>();
    std::unique_ptr<RunWriter> writer = write_into(memory)({}, {}).value();
    Deployment deployment{.nodes = {{}, {}, {}}};
    Tally tally;
    std::deque<Worker> workers;

    explicit Threads(const std::function<GeneratorPtr(std::int32_t)>& stream) {
        world.answer = [](NodeId, const Invocation&) -> Completion { return Done{}; };
        for (std::int32_t w = 0; w < worker_count; ++w) {
            const Seat seat{.worker = w, .workers = worker_count, .node = w % 3};
            workers.emplace_back(seat, writer->open_lane(w), tally).follow(stream(w));
        }
    }
    LoadParts parts() {
        return {.lab = &world.lab(),
                .system = &world.system(),
                .deployment = &deployment,
                .writer = writer.get(),
                .clock = &clock,
                .op_timeout = second};
    }
};

constexpr Nanos patience = 20 * second;

} // namespace

TEST_CASE("an operation is recorded of the replica that its client asked", "[engine]") {
    Threads threads([](std::int32_t) { return two_phases(1, 1); });
    const bool moved = GENERATE(true, false);
    if (moved) threads.world.asked = 1;
    {
        Load load(threads.parts(), threads.workers);
        REQUIRE(load.wait_finished(patience));
    }
    CHECK(threads.memory->ops.size() == 2 * worker_count);
    for (const Op& op : threads.memory->ops)
        CHECK(op.node == (moved ? 1 : op.client % 3));
}

TEST_CASE("threads meet at barriers", "[engine]") {
    Threads threads([](std::int32_t w) { return two_phases(10 * (w + 1), 5); });
    {
        Load load(threads.parts(), threads.workers);
        REQUIRE(load.wait_finished(patience));
    }
    Index last_write = 0;
    Index first_read = never;
    for (const Op& op : threads.memory->ops) {
        if (op.f == "write") last_write = std::max(last_write, op.ret_index);
        if (op.f == "read") first_read = std::min(first_read, op.inv_index);
    }
    CHECK(threads.memory->ops.size() == 10 * 21 + 5 * 6);
    CHECK(last_write < first_read);
}

TEST_CASE("a worker that has ended or failed is not waited for at a barrier", "[engine]") {
    Threads threads([](std::int32_t w) { return w == 0 ? many("last", 3) : two_phases(10, 5); });
    std::atomic<bool> thrown = false;
    threads.world.answer = [&](NodeId node, const Invocation& op) -> Completion {
        if (node == 1 && op.f == "write" && !thrown.exchange(true))
            throw std::runtime_error("broken");
        return Done{};
    };
    Load load(threads.parts(), threads.workers);
    REQUIRE(load.wait_finished(patience));
    REQUIRE(load.failures().size() == 1);
    CHECK(load.failures()[0].find("broken") != std::string::npos);
    CHECK(std::ranges::count(threads.memory->ops, "read", &Op::f) == 4 * 5);
}

TEST_CASE("a stop wakes workers that wait, for time or for each other", "[engine]") {
    Threads threads([](std::int32_t w) -> GeneratorPtr {
        if (w == 0) return std::make_unique<Idle>();
        return two_phases(10, 5);
    });
    Load load(threads.parts(), threads.workers);
    CHECK(!load.wait_finished(50 * millisecond));
    load.stop();
    CHECK(load.wait_finished(patience));
    // Nobody went past the barrier.
    CHECK(std::ranges::count(threads.memory->ops, "read", &Op::f) == 0);
}

TEST_CASE("an operation that is due later is sent when it is due, not before", "[engine]") {
    Threads threads([](std::int32_t w) -> GeneratorPtr {
        return std::make_unique<Paced>(
            Pace{.rate = 60, .length = 400 * millisecond, .jitter = false},
            StreamContext{.worker = w, .workers = worker_count},
            Rng(1),
            many("op", 100));
    });
    Load load(threads.parts(), threads.workers);
    REQUIRE(load.wait_finished(patience));
    CHECK(threads.memory->ops.size() > 4);
    for (const Op& op : threads.memory->ops)
        CHECK(op.t_inv >= op.t_due);
}

TEST_CASE("a worker takes a new process number after an unknown outcome only", "[engine]") {
    std::vector<Completion> script{Done{}, Failed{"refused"}, Unknown{"timed out"}, Done{}};
    const MonotonicClock clock;
    const auto memory = std::make_shared<MemoryRun>();
    const std::unique_ptr<RunWriter> writer = write_into(memory)({}, {}).value();
    Tally tally;
    Worker worker({.worker = 2, .workers = 5, .node = 1}, writer->open_lane(2), tally);
    worker.follow(many("op", 4));
    std::vector<std::int32_t> processes;
    for (const Completion& completion : script) {
        processes.push_back(worker.process());
        worker.invoke(std::get<Emit>(worker.next(0)), clock);
        CHECK(worker.open());
        CHECK_THROWS_AS(worker.next(0), Bug);
        worker.complete(completion, no_node, clock);
    }
    CHECK(processes == std::vector<std::int32_t>{2, 2, 2, 7});
    CHECK(tally.ok == 2);
    CHECK(tally.fail == 1);
    CHECK(tally.info == 1);
    CHECK(worker.keys().size() == 1);
    CHECK(memory->ops[2].status == OpStatus::info);
    CHECK(memory->ops[2].ret_index == never);
    CHECK(memory->ops[3].process == 7);
    CHECK(memory->ops[3].client == 2);
}
