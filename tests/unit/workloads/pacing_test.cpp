#include "tests/support/catch.hpp"
#include "tests/unit/workloads/simulation.hpp"
#include "workloads/generators.hpp"

#include <memory>
#include <set>

using namespace faultlab;
using simulation::Emitted;

namespace {

/// Paced streams that count upwards, and what they told their child of each operation.
struct Loop {
    std::vector<GeneratorPtr> workers;
    std::vector<Paced*> paced;
    std::shared_ptr<std::int64_t> drawn = std::make_shared<std::int64_t>(0);

    Loop(std::int32_t count, Pace pace) {
        workers = simulation::streams(count, [&](const StreamContext& context) {
            auto built =
                std::make_unique<Paced>(pace, context, Rng(context.seed), repeat([drawn = drawn] {
                                            return Invocation{.f = "op", .arg = (*drawn)++};
                                        }));
            paced.push_back(built.get());
            return built;
        });
    }
    [[nodiscard]] std::int64_t dropped() const {
        std::int64_t sum = 0;
        for (const Paced* p : paced)
            sum += p->dropped();
        return sum;
    }
};

} // namespace

TEST_CASE("an open loop keeps its total rate, whatever the number of workers", "[workloads]") {
    for (const std::int32_t count : {1, 4, 12}) {
        for (const bool jitter : {false, true}) {
            Loop loop(count, {.rate = 1000, .length = 10 * second, .jitter = jitter});
            const auto emitted = simulation::run(loop.workers, simulation::perfect(100));
            const auto size = static_cast<double>(emitted.size());
            CHECK(size > (jitter ? 9700 : 9999));
            CHECK(size < (jitter ? 10'300 : 10'001));
            CHECK(loop.dropped() == 0);
            for (const Emitted& e : emitted)
                REQUIRE(e.due <= e.t);
        }
    }
}

TEST_CASE("without jitter the workers are spread evenly over the gap", "[workloads]") {
    Loop loop(4, {.rate = 1000, .length = second, .jitter = false});
    const auto emitted = simulation::run(loop.workers, simulation::perfect(100));
    REQUIRE(emitted.size() == 1000);
    for (std::size_t i = 0; i < emitted.size(); ++i)
        REQUIRE(emitted[i].due == static_cast<Nanos>(i) * millisecond);
}

TEST_CASE("a worker that falls behind sends late and keeps the intended start", "[workloads]") {
    Loop loop(1, {.rate = 100, .length = 5 * second, .jitter = false});
    // The first operation takes three seconds, the others nothing.
    const auto answers = [](std::size_t i, const Invocation&) {
        return simulation::Answer{.after = i == 0 ? 3 * second : microsecond};
    };
    const auto emitted = simulation::run(loop.workers, answers);
    REQUIRE(emitted.size() == 500);
    CHECK(loop.dropped() == 0);
    CHECK(emitted[1].due == 10 * millisecond);
    CHECK(emitted[1].t == 3 * second);
    CHECK(emitted[400].t == emitted[400].due); // caught up
}

TEST_CASE("a backlog of more than ten seconds is dropped and counted", "[workloads]") {
    Loop loop(1, {.rate = 100, .length = 30 * second, .jitter = false});
    const auto answers = [](std::size_t i, const Invocation&) {
        return simulation::Answer{.after = i == 0 ? 15 * second : microsecond};
    };
    const auto emitted = simulation::run(loop.workers, answers);
    REQUIRE(emitted.size() > 2);
    CHECK(emitted[1].t == 15 * second);
    CHECK(emitted[1].due == 5 * second);
    // Operations due at 0.01 s to 4.99 s.
    CHECK(loop.dropped() == 499);
    CHECK(static_cast<std::int64_t>(emitted.size()) + loop.dropped() == 3000);
    // The stream went on as if they had been made: nobody falls out of step.
    CHECK(emitted[1].op.arg == Value{500});
}

TEST_CASE("what is still overdue at the end was never invoked", "[workloads]") {
    Loop loop(1, {.rate = 10, .length = 5 * second, .jitter = false});
    const auto answers = [](std::size_t, const Invocation&) {
        return simulation::Answer{.after = 2 * second};
    };
    const auto emitted = simulation::run(loop.workers, answers);
    CHECK(emitted.size() == 3);
    CHECK(loop.dropped() == 47);
}

TEST_CASE("nothing is due while the stream itself waits", "[workloads]") {
    class LateStart : public Generator {
    public:
        Step next(const Moment& moment) override {
            if (moment.now < 3 * second) return WaitUntil{3 * second};
            return Emit{.op = {.f = "op"}, .due = moment.now};
        }
        void observe(const Invocation&, const Completion&) override {}
    };
    auto workers = simulation::streams(1, [](const StreamContext& context) {
        return std::make_unique<Paced>(Pace{.rate = 10, .length = 5 * second, .jitter = false},
                                       context,
                                       Rng(1),
                                       std::make_unique<LateStart>());
    });
    const auto emitted = simulation::run(workers, simulation::quick());
    REQUIRE(emitted.size() == 20);
    for (const Emitted& e : emitted)
        REQUIRE(e.due == e.t);
}
