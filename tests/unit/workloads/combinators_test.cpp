#include "tests/support/catch.hpp"
#include "tests/unit/workloads/simulation.hpp"
#include "workloads/generators.hpp"

#include <map>
#include <set>
#include <string>

using namespace faultlab;
using simulation::Emitted;

namespace {

GeneratorPtr named(const std::string& f) {
    return repeat([f] { return Invocation{.f = f}; });
}

/// Emits once, then waits for ever in steps of a second.
class EmitOnceThenWait : public Generator {
public:
    explicit EmitOnceThenWait(std::string f) : f_(std::move(f)) {}
    Step next(const Moment& moment) override {
        if (std::exchange(emitted_, true)) return WaitUntil{moment.now + second};
        return Emit{.op = {.f = f_}, .due = moment.now};
    }
    void observe(const Invocation&, const Completion&) override {}

private:
    std::string f_;
    bool emitted_ = false;
};

std::map<std::string, int> count_by_f(const std::vector<Emitted>& emitted) {
    std::map<std::string, int> counts;
    for (const Emitted& e : emitted)
        ++counts[e.op.f];
    return counts;
}

std::vector<GeneratorPtr> list(GeneratorPtr a, GeneratorPtr b) {
    std::vector<GeneratorPtr> both;
    both.push_back(std::move(a));
    both.push_back(std::move(b));
    return both;
}

} // namespace

TEST_CASE("mix draws its children equally often", "[workloads]") {
    auto workers = simulation::streams(1, [](const StreamContext& context) {
        return take(10'000, mix(list(named("a"), named("b")), Rng(context.seed)));
    });
    const auto counts = count_by_f(simulation::run(workers, simulation::perfect(10)));
    CHECK(counts.at("a") + counts.at("b") == 10'000);
    CHECK(counts.at("a") > 4800);
    CHECK(counts.at("b") > 4800);
}

TEST_CASE("a child that waits does not stall the others of a mix", "[workloads]") {
    auto workers = simulation::streams(1, [](const StreamContext& context) {
        return mix(list(std::make_unique<EmitOnceThenWait>("rare"), take(100, named("often"))),
                   Rng(context.seed));
    });
    const auto emitted = simulation::run(workers, simulation::perfect(10), 101);
    REQUIRE(emitted.size() == 101);
    // All in a millisecond, although the other child waits for seconds.
    CHECK(emitted.back().t < millisecond);
    CHECK(count_by_f(emitted).at("often") == 100);
}

TEST_CASE("a mix drops children that ended, and ends with the last", "[workloads]") {
    auto workers = simulation::streams(1, [](const StreamContext& context) {
        return mix(list(take(3, named("a")), take(50, named("b"))), Rng(context.seed));
    });
    const auto counts = count_by_f(simulation::run(workers, simulation::imperfect(10)));
    CHECK(counts == std::map<std::string, int>{{"a", 3}, {"b", 50}});
}

TEST_CASE("a mix hands each completion to the child that emitted the operation", "[workloads]") {
    // Each child ends at its first acknowledged operation: had it seen the other's, it would end
    // without one of its own.
    const auto answers = [](std::size_t i, const Invocation& op) -> simulation::Answer {
        const bool ok = op.f == "a" ? i > 20 : i > 40;
        return {.after = 10, .completion = ok ? Completion{Done{}} : Completion{Failed{}}};
    };
    auto workers = simulation::streams(1, [](const StreamContext& context) {
        return mix(list(until_ok(named("a")), until_ok(named("b"))), Rng(context.seed));
    });
    const auto emitted = simulation::run(workers, answers);
    REQUIRE(emitted.size() == 42);
    CHECK(emitted.back().op.f == "b");
    CHECK(count_by_f(emitted).at("a") > 5);
}

TEST_CASE("weights are kept to", "[workloads]") {
    auto workers = simulation::streams(1, [](const StreamContext& context) {
        std::vector<Weighted> children;
        children.push_back({.weight = 9, .generator = named("a")});
        children.push_back({.weight = 1, .generator = named("b")});
        return take(10'000, weighted(std::move(children), Rng(context.seed)));
    });
    const auto counts = count_by_f(simulation::run(workers, simulation::quick()));
    CHECK(counts.at("b") > 900);
    CHECK(counts.at("b") < 1100);
}

TEST_CASE("a limit holds over all workers together", "[workloads]") {
    for (const std::int64_t total : {0, 1, 5, 7, 100}) {
        for (const std::int32_t workers : {1, 3, 7}) {
            auto all = simulation::streams(workers, [total](const StreamContext& context) {
                return limit(total, context, named("a"));
            });
            const auto emitted = simulation::run(all, simulation::imperfect(10));
            CHECK(emitted.size() == static_cast<std::size_t>(total));
        }
    }
}

TEST_CASE("a time limit ends the stream, also while its child waits", "[workloads]") {
    auto workers = simulation::streams(2, [](const StreamContext& context) -> GeneratorPtr {
        if (context.worker == 0) return time_limit(second, named("a"));
        return time_limit(second, std::make_unique<EmitOnceThenWait>("b"));
    });
    const auto emitted = simulation::run(workers, simulation::perfect(100 * millisecond));
    CHECK(count_by_f(emitted) == std::map<std::string, int>{{"a", 10}, {"b", 1}});
    CHECK(emitted.back().t < second);
    CHECK(std::holds_alternative<End>(workers[1]->next({.now = 2 * second})));
}

TEST_CASE("until-ok stops at the first success of this worker", "[workloads]") {
    auto workers =
        simulation::streams(1, [](const StreamContext&) { return until_ok(named("a")); });
    const auto emitted = simulation::run(workers, simulation::imperfect(10));
    CHECK(emitted.size() == 3);
}

TEST_CASE("no worker starts a phase before all have ended the one before", "[workloads]") {
    auto workers = simulation::streams(3, [](const StreamContext& context) {
        std::vector<GeneratorPtr> inner =
            list(take(context.worker + 1, named("b")), take(2, named("c")));
        return phases(list(take(10 * (context.worker + 1), named("a")), phases(std::move(inner))));
    });
    const auto emitted = simulation::run(workers, simulation::imperfect(10));
    CHECK(count_by_f(emitted) == std::map<std::string, int>{{"a", 60}, {"b", 6}, {"c", 6}});
    std::string order;
    for (const Emitted& e : emitted) {
        if (order.empty() || order.back() != e.op.f[0]) order += e.op.f;
    }
    CHECK(order == "abc");
}

TEST_CASE("reserved ranges keep to their workers, nested too", "[workloads]") {
    const auto leaf = [](const std::string& f, std::int64_t total) {
        return [f, total](const StreamContext& context) {
            return limit(total, context, repeat([f, context] {
                             return Invocation{.f = f, .arg = context.worker};
                         }));
        };
    };
    auto workers = simulation::streams(10, [&](const StreamContext& context) {
        const auto inner = [&](const StreamContext& range) {
            return reserve(range, {{.workers = 2, .factory = leaf("b", 10)}}, leaf("c", 10));
        };
        return reserve(context,
                       {{.workers = 3, .factory = leaf("a", 10)}, {.workers = 5, .factory = inner}},
                       leaf("d", 10));
    });
    std::map<std::string, std::set<std::int32_t>> users;
    std::map<std::string, std::set<Value>> ranks;
    const auto emitted = simulation::run(workers, simulation::imperfect(10));
    for (const Emitted& e : emitted) {
        users[e.op.f].insert(e.worker);
        ranks[e.op.f].insert(e.op.arg);
    }
    CHECK(users["a"] == std::set<std::int32_t>{0, 1, 2});
    CHECK(users["b"] == std::set<std::int32_t>{3, 4});
    CHECK(users["c"] == std::set<std::int32_t>{5, 6, 7});
    CHECK(users["d"] == std::set<std::int32_t>{8, 9});
    CHECK(ranks["c"] == std::set<Value>{Value{0}, Value{1}, Value{2}});
    // A limit inside a range is one of the range.
    CHECK(count_by_f(emitted) ==
          std::map<std::string, int>{{"a", 10}, {"b", 10}, {"c", 10}, {"d", 10}});
}

TEST_CASE("ranges that ask for more workers than there are get what is there", "[workloads]") {
    const auto leaf = [](const std::string& f) {
        return [f](const StreamContext& context) { return limit(4, context, named(f)); };
    };
    auto workers = simulation::streams(2, [&](const StreamContext& context) {
        return reserve(context, {{.workers = 5, .factory = leaf("a")}}, leaf("rest"));
    });
    const auto counts = count_by_f(simulation::run(workers, simulation::quick()));
    CHECK(counts == std::map<std::string, int>{{"a", 4}});
}

TEST_CASE("each process starts afresh", "[workloads]") {
    auto workers = simulation::streams(1, [](const StreamContext&) {
        return take(9, each_process([](std::int32_t process) {
                        auto step = std::make_shared<int>(0);
                        return repeat([step, process] {
                            return Invocation{.f = "op", .key = process, .arg = (*step)++};
                        });
                    }));
    });
    // Every third operation from the second on is of unknown outcome: processes of 2, 3, 3, 1.
    const auto emitted = simulation::run(workers, simulation::imperfect(10));
    std::vector<std::pair<std::int64_t, std::int64_t>> seen;
    for (const Emitted& e : emitted) {
        CHECK(e.process == *e.op.key.integer());
        seen.emplace_back(*e.op.key.integer(), *e.op.arg.integer());
    }
    const std::vector<std::pair<std::int64_t, std::int64_t>> expected{
        {0, 0}, {0, 1}, {1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}, {3, 0}};
    CHECK(seen == expected);
}

TEST_CASE("a sequence gives each operation once and then stays ended", "[workloads]") {
    auto workers = simulation::streams(
        1, [](const StreamContext&) { return sequence({{.f = "a"}, {.f = "b"}}); });
    CHECK(simulation::run(workers, simulation::imperfect(10)).size() == 2);
    CHECK(std::holds_alternative<End>(workers[0]->next({.now = second})));
}
