#include "checker/judge.hpp"
#include "core/record.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/workloads/simulation.hpp"
#include "workloads/catalogue.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

using namespace faultlab;
using simulation::Emitted;

namespace {

Plan kv_plan(const Options& given = Options()) {
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
        if (op.f == "scan") return scan(*op.arg.list());
        if (op.f == "txn") return transaction(*op.arg.transaction());
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
            append(value, *op.arg.text());
            return value;
        }
        value = op.f == "delete" ? Value() : op.arg;
        return {};
    }

    simulation::Answers answers() {
        return [this](std::size_t, const Invocation& op) -> simulation::Answer {
            return {.after = millisecond, .completion = Done{apply(op)}};
        };
    }

private:
    static void add(Value& value, std::int64_t delta) {
        value = (value.is_absent() ? 0 : *value.integer()) + delta;
    }
    static void append(Value& value, const std::string& suffix) {
        value = (value.is_absent() ? std::string() : *value.text()) + suffix;
    }
    Value transaction(Value::Transaction steps) {
        for (MicroOp& step : steps) {
            if (step.f == "r") step.value = values_[step.key];
            if (step.f == "w") values_[step.key] = step.value;
            if (step.f == "append") append(values_[step.key], *step.value.text());
        }
        return steps;
    }
    Value scan(const Value::List& range) {
        Value::List pairs;
        for (const auto& [key, value] : values_) {
            const bool inside = key >= range[0] && key < range[1];
            if (inside && !value.is_absent()) pairs.emplace_back(Value::List{key, value});
        }
        return pairs;
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

std::map<std::string, int> counts_of(const std::vector<Emitted>& emitted) {
    std::map<std::string, int> count;
    for (const Emitted& e : emitted)
        ++count[e.op.f];
    return count;
}

/// "k17" of "k17.b".
std::string family_of(const Value& key) {
    return key.text()->substr(0, key.text()->find('.'));
}

} // namespace

TEST_CASE("kv emits all that it says, in about these shares", "[workloads]") {
    Map map(0);
    auto count = counts_of(simulate(kv_plan(), map.answers(), 20'000));
    const auto workload = find_workload("kv").value()->make();
    for (const std::string& f : workload->operations(kv_plan().options)) {
        INFO(f);
        CHECK(count[f] > (f == "delete" ? 150 : 500));
        count.erase(f);
    }
    CHECK(count.empty());
}

TEST_CASE("kv emits no kind whose share is nothing", "[workloads]") {
    const Plan plan = kv_plan({{"scan-share", "0"}, {"txn-share", "0"}, {"add-share", "0"}});
    Map map(0);
    const auto count = counts_of(simulate(plan, map.answers(), 5'000));
    const auto workload = find_workload("kv").value()->make();
    const auto kinds = workload->operations(plan.options);
    CHECK(kinds == std::vector<std::string>{"read", "write", "cas", "append", "delete"});
    CHECK(count.size() == kinds.size());
    for (const std::string& f : kinds)
        CHECK(count.contains(f));
}

TEST_CASE("what kv writes and appends is unique, and fits what the key holds", "[workloads]") {
    Map map(0);
    std::set<std::pair<Value, Value>> written;
    std::map<Value, bool> is_text;
    const auto note = [&](const Value& key, const Value& value) {
        const bool fresh = written.emplace(key, value).second;
        REQUIRE(fresh);
        const bool text = value.text() != nullptr;
        REQUIRE(is_text.try_emplace(key, text).first->second == text);
    };
    for (const Emitted& e : simulate(kv_plan(), map.answers(), 20'000)) {
        if (e.op.f == "write" || e.op.f == "append") note(e.op.key, e.op.arg);
        if (e.op.f == "cas") note(e.op.key, e.op.arg.list()->back());
        if (e.op.f == "add") REQUIRE_FALSE(is_text[e.op.key]);
        if (e.op.f != "txn") continue;
        for (const MicroOp& step : *e.op.arg.transaction()) {
            if (step.f != "r") note(step.key, step.value);
        }
    }
    const auto zeros =
        std::ranges::count_if(written, [](const auto& entry) { return entry.second == Value(0); });
    const auto empties =
        std::ranges::count_if(written, [](const auto& entry) { return entry.second == Value(""); });
    CHECK(zeros > 2);
    CHECK(empties > 0);
}

TEST_CASE("scans and transactions of kv stay in one family", "[workloads]") {
    Map map(0);
    int whole = 0;
    for (const Emitted& e : simulate(kv_plan(), map.answers(), 20'000)) {
        if (e.op.f == "scan") {
            const Value::List& range = *e.op.arg.list();
            REQUIRE(range[0] < range[1]);
            REQUIRE(family_of(range[0]) == family_of(range[1]));
            whole += range[0].text()->back() == 'a' && range[1].text()->back() == 'e' ? 1 : 0;
        }
        if (e.op.f != "txn") continue;
        std::set<std::string> families;
        std::set<Value> keys;
        for (const MicroOp& step : *e.op.arg.transaction()) {
            families.insert(family_of(step.key));
            keys.insert(step.key);
        }
        REQUIRE(families.size() == 1);
        REQUIRE((keys.size() == 2 || keys.size() == 3));
    }
    CHECK(whole > 200);
}

TEST_CASE("the readers of kv change nothing", "[workloads]") {
    Map map(0);
    const Plan plan = kv_plan();
    for (const Emitted& e : simulate(plan, map.answers(), 10'000)) {
        if (e.worker < plan.nodes) REQUIRE((e.op.f == "read" || e.op.f == "scan"));
    }
}

TEST_CASE("a map that obeys is valid, one that now and then adds twice is not", "[workloads]") {
    CHECK(judged(record_of(0, 6'000)) == Verdict::valid);
    CHECK(judged(record_of(100, 6'000)) == Verdict::invalid);
}
