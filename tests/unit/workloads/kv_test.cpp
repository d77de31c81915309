#include "checker/judge.hpp"
#include "core/record.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/workloads/simulation.hpp"
#include "workloads/catalogue.hpp"

#include <map>
#include <memory>
#include <set>

using namespace faultlab;
using simulation::Emitted;

namespace {

Plan kv_plan(const Options& given = {}) {
    const auto workload = find_workload("kv").value()->make();
    Plan plan{.seed = 7, .workload = "kv", .nodes = 3, .workers_per_node = 4};
    plan.options = complete_options(given, workload->options(), "kv").value();
    return plan;
}

std::vector<Emitted> simulate(const Plan& plan, const simulation::Answers& answers, std::size_t n) {
    const auto workload = find_workload("kv").value()->make();
    auto workers = simulation::streams(plan.workers(), [&](const StreamContext& context) {
        return workload->body(plan, context);
    });
    return simulation::run(workers, answers, n);
}

/// A map that answers at once; every so many additions it adds twice, 0: never.
class Map {
public:
    explicit Map(int twice_every) : twice_every_(twice_every) {}

    Value apply(const Invocation& op) {
        Value& value = values_[op.key];
        if (op.f == "read") return value;
        if (op.f == "cas") {
            if (value != op.arg.list()->front()) return false;
            value = op.arg.list()->back();
            return true;
        }
        if (op.f == "add") {
            add(value, *op.arg.integer());
            const Value ret = value;
            if (twice_every_ > 0 && ++additions_ % twice_every_ == 0) add(value, *op.arg.integer());
            return ret;
        }
        if (op.f == "append") {
            value = (value.is_absent() ? std::string() : *value.text()) + *op.arg.text();
            return value;
        }
        value = op.f == "delete" ? Value() : op.arg;
        return {};
    }

private:
    static void add(Value& value, std::int64_t delta) {
        value = (value.is_absent() ? 0 : *value.integer()) + delta;
    }

    int twice_every_;
    int additions_ = 0;
    std::map<Value, Value> values_;
};

/// Runs the workload on the map and records what its clients saw.
Record record_of(int twice_every, std::size_t operations) {
    Map map(twice_every);
    HistoryBuilder history;
    Index index = 0;
    simulate(
        kv_plan(),
        [&](std::size_t i, const Invocation& op) -> simulation::Answer {
            Op row{.process = static_cast<std::int32_t>(i % 12),
                   .f = op.f,
                   .key = op.key,
                   .arg = op.arg,
                   .ret = map.apply(op),
                   .inv_index = index,
                   .ret_index = index + 1,
                   .status = OpStatus::ok};
            index += 2;
            history.add(row);
            return {.after = millisecond, .completion = Done{row.ret}};
        },
        operations);
    Record record;
    record.history = history.build();
    return record;
}

Verdict judged(const Record& record) {
    const auto workload = find_workload("kv").value()->make();
    const auto requests = workload->checkers({});
    REQUIRE(requests.size() == 1);
    return judge_one(record, requests[0], {}).verdict;
}

} // namespace

TEST_CASE("kv emits all that it says, on each key of one type", "[workloads]") {
    Map map(0);
    const auto emitted = simulate(
        kv_plan(),
        [&map](std::size_t, const Invocation& op) -> simulation::Answer {
            return {.after = millisecond, .completion = Done{map.apply(op)}};
        },
        20'000);
    std::map<std::string, int> count;
    std::set<Value> written;
    for (const Emitted& e : emitted) {
        ++count[e.op.f];
        const bool counts = std::stoll(e.op.key.text()->substr(1)) % 2 == 0;
        if (e.op.f == "add") CHECK((counts && e.op.arg.integer() != nullptr));
        if (e.op.f == "append") CHECK((!counts && e.op.arg.text() != nullptr));
        if (e.op.f == "write" || e.op.f == "append") CHECK(written.insert(e.op.arg).second);
    }
    const auto workload = find_workload("kv").value()->make();
    for (const std::string& f : workload->operations({})) {
        INFO(f);
        CHECK(count[f] > 500);
        count.erase(f);
    }
    CHECK(count.empty());
}

TEST_CASE("a map that obeys is valid, one that now and then adds twice is not", "[workloads]") {
    CHECK(judged(record_of(0, 6'000)) == Verdict::valid);
    CHECK(judged(record_of(100, 6'000)) == Verdict::invalid);
}
