#include "tests/support/catch.hpp"
#include "tests/unit/workloads/simulation.hpp"
#include "workloads/generators.hpp"

#include <map>
#include <set>

using namespace faultlab;
using simulation::Emitted;

namespace {

constexpr KeyTurnover small{.active = 5, .ops_per_key = 40, .workers = 4, .seed = 9};

std::vector<GeneratorPtr> key_streams(const KeyTurnover& turnover, std::int64_t total) {
    return simulation::streams(turnover.workers, [&](const StreamContext& context) {
        return limit(
            total, context, independent_keys(turnover, Rng(context.seed), [](std::int64_t key) {
                return repeat([key] { return Invocation{.f = "op", .key = key}; });
            }));
    });
}

} // namespace

TEST_CASE("every worker sees the same window after the same number of operations", "[workloads]") {
    KeyWindow a(small);
    KeyWindow b(small);
    for (std::int64_t count = 0; count < 5000; ++count) {
        // The second one asks more rarely.
        for (std::int64_t slot = 0; slot < small.active; ++slot) {
            const std::int64_t key = a.key(slot, count);
            if (count % 17 == 0) REQUIRE(b.key(slot, count) == key);
        }
    }
}

TEST_CASE("keys are never used again, and live about as long as asked", "[workloads]") {
    KeyWindow window(small);
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> life; // first and last count
    for (std::int64_t count = 0; count < 20'000; ++count) {
        for (std::int64_t slot = 0; slot < small.active; ++slot) {
            const std::int64_t key = window.key(slot, count);
            const auto [it, fresh] = life.try_emplace(key, count, count);
            REQUIRE(it->second.second >= count - 1); // no gap: not used again
            it->second.second = count;
        }
    }
    // 40 operations a key, 5 keys, 4 workers: 50 operations of each worker.
    CHECK(life.size() > 5 * 390);
    CHECK(life.size() < 5 * 410);
    std::set<std::int64_t> lengths;
    for (const auto& [key, span] : life)
        lengths.insert(span.second - span.first + 1);
    CHECK(*lengths.rbegin() <= 75);
    CHECK(lengths.size() > 10); // jittered
}

TEST_CASE("workers share their keys at the same time", "[workloads]") {
    auto workers = key_streams(small, 40'000);
    const auto emitted = simulation::run(workers, simulation::imperfect(10));
    std::map<std::int64_t, std::set<std::int32_t>> users;
    std::map<std::int64_t, std::int64_t> ops;
    for (const Emitted& e : emitted) {
        users[*e.op.key.integer()].insert(e.worker);
        ++ops[*e.op.key.integer()];
    }
    std::int64_t shared_by_all = 0;
    std::int64_t widest = 0;
    for (const auto& [key, who] : users) {
        shared_by_all += who.size() == 4 ? 1 : 0;
        widest = std::max(widest, ops[key]);
    }
    CHECK(static_cast<double>(shared_by_all) > 0.9 * static_cast<double>(users.size()));
    CHECK(widest < 4 * small.ops_per_key);
    const double mean = 40'000.0 / static_cast<double>(ops.size());
    CHECK(mean > 0.9 * static_cast<double>(small.ops_per_key));
    CHECK(mean < 1.1 * static_cast<double>(small.ops_per_key));
}

TEST_CASE("the completion goes to the stream of the key that asked", "[workloads]") {
    class Echo : public Generator {
    public:
        Echo(std::int64_t key, int& wrong) : key_(key), wrong_(wrong) {}
        Step next(const Moment& moment) override {
            return Emit{.op = {.f = "op", .key = key_}, .due = moment.now};
        }
        void observe(const Invocation& op, const Completion&) override {
            if (op.key != key_) ++wrong_;
            ++observed;
        }
        int observed = 0;

    private:
        Value key_;
        int& wrong_;
    };
    int wrong = 0;
    auto workers = simulation::streams(1, [&](const StreamContext& context) {
        return take(1000, independent_keys(small, Rng(context.seed), [&](std::int64_t key) {
                        return std::make_unique<Echo>(key, wrong);
                    }));
    });
    CHECK(simulation::run(workers, simulation::imperfect(10)).size() == 1000);
    CHECK(wrong == 0);
}

TEST_CASE("keys whose stream ended are passed over, and the last ends all", "[workloads]") {
    auto workers = simulation::streams(1, [](const StreamContext& context) {
        return independent_keys(
            {.active = 4, .ops_per_key = 1000, .workers = 1, .seed = 1},
            Rng(context.seed),
            [](std::int64_t key) {
                return take(3, repeat([key] { return Invocation{.f = "op", .key = key}; }));
            });
    });
    CHECK(simulation::run(workers, simulation::perfect(10)).size() == 12);
}
