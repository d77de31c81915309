#include "tests/support/catch.hpp"
#include "tests/unit/workloads/simulation.hpp"
#include "workloads/catalogue.hpp"
#include "workloads/generators.hpp"

#include <map>
#include <set>

using namespace faultlab;
using simulation::Emitted;

namespace {

Plan plan_with(const Options& given) {
    const auto workload = find_workload("register").value()->make();
    Plan plan{.seed = 7, .workload = "register", .nodes = 3, .workers_per_node = 4};
    plan.options = complete_options(given, workload->options(), "register").value();
    return plan;
}

std::vector<Emitted> simulate(const Plan& plan, const simulation::Answers& answers, std::size_t n) {
    const auto workload = find_workload("register").value()->make();
    auto workers = simulation::streams(plan.workers(), [&](const StreamContext& context) {
        return workload->body(plan, context);
    });
    return simulation::run(workers, answers, n);
}

/// A register a key, correct, that answers at once. With versions when asked to.
simulation::Answers correct_register(bool versioned) {
    struct Cell {
        Value value;
        std::int64_t version = 0;
    };
    auto cells = std::make_shared<std::map<Value, Cell>>();
    return [cells, versioned](std::size_t, const Invocation& op) -> simulation::Answer {
        Cell& cell = (*cells)[op.key];
        Value to = op.arg;
        if (op.f == "cas") {
            const Value::List& pair = *op.arg.list();
            const Value now = versioned ? Value{cell.version} : cell.value;
            if (now != pair[0]) return {.after = millisecond, .completion = Done{false}};
            to = pair[1];
        }
        if (op.f != "read") cell = {.value = to, .version = cell.version + 1};
        if (versioned) {
            return {.after = millisecond,
                    .completion = Done{Value::List{cell.value, cell.version}}};
        }
        return {.after = millisecond,
                .completion = Done{op.f == "read" ? cell.value : Value{true}}};
    };
}

} // namespace

TEST_CASE("no value is written twice to a key, and none but 0 to two keys", "[workloads]") {
    const auto emitted = simulate(plan_with({}), correct_register(false), 50'000);
    std::set<std::pair<Value, Value>> written;
    std::map<Value, std::set<Value>> keys_of;
    std::int64_t zeros = 0;
    for (const Emitted& e : emitted) {
        if (e.op.f == "read") continue;
        const Value to = e.op.f == "cas" ? e.op.arg.list()->back() : e.op.arg;
        REQUIRE(written.emplace(e.op.key, to).second);
        if (to == Value{0}) {
            ++zeros;
        } else {
            keys_of[to].insert(e.op.key);
        }
    }
    for (const auto& [value, keys] : keys_of)
        REQUIRE(keys.size() == 1);
    CHECK(zeros > 10);
}

TEST_CASE("compare-and-set often compares what is there, and sometimes not", "[workloads]") {
    for (const bool versioned : {false, true}) {
        const Options given{{"model", versioned ? "versioned-register" : "cas-register"}};
        std::map<std::string, std::int64_t> count;
        auto inner = correct_register(versioned);
        const auto answers = [&](std::size_t i, const Invocation& op) {
            const simulation::Answer answer = inner(i, op);
            ++count[op.f];
            if (op.f == "cas") {
                const bool failed = std::get<Done>(answer.completion).ret == Value{false};
                ++count[failed ? "cas false" : "cas true"];
                if (op.arg.list()->front() == (versioned ? Value{0} : Value{}))
                    ++count["cas from absent"];
            }
            return answer;
        };
        CHECK(simulate(plan_with(given), answers, 30'000).size() == 30'000);
        CHECK(count["read"] > 12'000);
        CHECK(count["write"] > 3'000);
        CHECK(count["cas"] > 3'000);
        CHECK(count["cas true"] > count["cas"] / 5);
        CHECK(count["cas false"] > count["cas"] / 10);
        CHECK(count["cas from absent"] > 10);
    }
}

TEST_CASE("one worker of every node only reads", "[workloads]") {
    const Plan plan = plan_with({});
    std::map<std::int32_t, std::set<std::string>> kinds;
    for (const Emitted& e : simulate(plan, correct_register(false), 20'000))
        kinds[e.worker].insert(e.op.f);
    for (const auto& [worker, seen] : kinds) {
        const bool reader = worker < plan.nodes;
        CHECK(seen.size() == (reader ? 1 : 3));
    }
    // With one worker a node there is nobody to spare.
    Plan narrow = plan_with({});
    narrow.workers_per_node = 1;
    kinds.clear();
    for (const Emitted& e : simulate(narrow, correct_register(false), 20'000))
        kinds[e.worker].insert(e.op.f);
    for (const auto& [worker, seen] : kinds)
        CHECK(seen.size() == 3);
}

TEST_CASE("a key is in use for about seven seconds at the default rate", "[workloads]") {
    const Plan plan = plan_with({});
    const auto workload = find_workload("register").value()->make();
    auto workers = simulation::streams(plan.workers(), [&](const StreamContext& context) {
        return std::make_unique<Paced>(Pace{.rate = plan.rate, .length = 60 * second},
                                       context,
                                       Rng(context.seed),
                                       workload->body(plan, context));
    });
    std::map<Value, std::pair<Nanos, Nanos>> life;
    std::map<Value, std::int64_t> ops;
    for (const Emitted& e : simulation::run(workers, correct_register(false))) {
        life.try_emplace(e.op.key, e.t, e.t).first->second.second = e.t;
        ++ops[e.op.key];
    }
    std::vector<Nanos> lengths;
    std::int64_t most = 0;
    for (const auto& [key, span] : life) {
        if (span.first > 8 * second && span.second < 52 * second)
            lengths.push_back(span.second - span.first);
        most = std::max(most, ops[key]);
    }
    std::ranges::sort(lengths);
    REQUIRE(lengths.size() > 100);
    CHECK(lengths[lengths.size() / 20] > 4 * second);
    CHECK(lengths[lengths.size() / 2] > 6 * second);
    CHECK(lengths.back() < 13 * second);
    CHECK(most < 400);
}

TEST_CASE("the final reads read every key until it was read, and give up at last", "[workloads]") {
    const Plan plan = plan_with({});
    const auto workload = find_workload("register").value()->make();
    std::vector<Value> keys;
    for (int i = 0; i < 50; ++i)
        keys.emplace_back("k" + std::to_string(i));
    const auto make = [&](const StreamContext& context) {
        return workload->final_reads(plan, context, keys);
    };
    auto workers = simulation::streams(plan.workers(), make);
    std::map<Value, int> reads;
    for (const Emitted& e : simulation::run(workers, simulation::perfect(millisecond)))
        ++reads[e.op.key];
    CHECK(reads.size() == keys.size());
    for (const auto& [key, count] : reads)
        CHECK(count == 1);

    // A system that is down for two seconds is waited for.
    auto patient = simulation::streams(1, make);
    Nanos t_last = 0;
    std::size_t tries = 0;
    const auto refuses = [&](std::size_t i, const Invocation&) -> simulation::Answer {
        tries = i;
        if (i < 5) return {.after = millisecond, .completion = Failed{"refused"}};
        return {.after = millisecond};
    };
    for (const Emitted& e : simulation::run(patient, refuses)) {
        if (e.op.key == keys[0]) t_last = e.t;
    }
    CHECK(t_last > 2 * second);

    // One that stays down is not waited for ever.
    auto hopeless = simulation::streams(1, make);
    const auto down = [](std::size_t, const Invocation&) -> simulation::Answer {
        return {.after = millisecond, .completion = Unknown{"timed out"}};
    };
    CHECK(simulation::run(hopeless, down).size() == 300);
}

TEST_CASE("a stream depends on its seed and on nothing else", "[workloads]") {
    Plan plan = plan_with({});
    const auto fingerprint = [&](std::uint64_t offset) {
        const auto workload = find_workload("register").value()->make();
        std::string text;
        auto workers = simulation::streams(plan.workers(), [&](StreamContext context) {
            context.seed += offset;
            return workload->body(plan, context);
        });
        for (const Emitted& e : simulation::run(workers, correct_register(false), 5'000))
            text += e.op.f + to_json(e.op.key) + to_json(e.op.arg) + ";";
        return text;
    };
    CHECK(fingerprint(0) == fingerprint(0));
    CHECK(fingerprint(0) != fingerprint(1));
}

TEST_CASE("wrong options are refused with what is possible", "[workloads]") {
    const auto workload = find_workload("register").value()->make();
    const auto refuse = [&](const Options& given) {
        const auto completed = complete_options(given, workload->options(), "register");
        return completed ? std::string("accepted") : completed.error().text();
    };
    CHECK(refuse({{"keys", "many"}}).find("an integer from 0 to 100000") != std::string::npos);
    CHECK(refuse({{"ops-per-key", "0"}}).find("from 1") != std::string::npos);
    CHECK(refuse({{"model", "queue"}}).find("versioned-register") != std::string::npos);
    CHECK(refuse({{"modle", "x"}}).find("model") != std::string::npos);
    CHECK(refuse({{"keys", "12"}}) == "accepted");
}

TEST_CASE("the catalogue makes what it lists", "[workloads]") {
    for (const WorkloadEntry& entry : workload_catalogue()) {
        CHECK(!entry.summary.empty());
        CHECK(find_workload(entry.name).value() == &entry);
    }
    CHECK(find_workload("nonsense").error().kind == ErrorKind::usage);
}
