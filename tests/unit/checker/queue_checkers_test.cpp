// queue, total-queue, unique-ids and counter against their definitions, folded naively.

#include "tests/support/catch.hpp"
#include "tests/unit/checker/plain_history.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

using namespace faultlab;

namespace {

/// A queue, which loses and repeats now and then if it may. Every value is enqueued once or twice.
PlainObject random_queue(Rng& rng, bool drains, bool mistakes = true) {
    auto queue = std::make_shared<std::vector<Value>>();
    auto next = std::make_shared<std::int64_t>(0);
    const bool careless = mistakes && rng.chance(1, 4);
    PlainObject object;
    object.max_ops = 14;
    object.info_percent = rng.chance(1, 2) ? 0 : 15;
    object.invoke = [=](Rng& r) {
        Op op{.f = r.chance(1, 2) ? "enqueue" : "dequeue"};
        if (drains && *next > 3 && r.chance(1, 2)) op.f = "drain";
        if (op.f == "enqueue") op.arg = r.chance(1, 5) ? *next : ++*next;
        return op;
    };
    object.apply = [=](Rng& r, Op& op) {
        const bool slip = careless && r.chance(1, 4);
        if (op.f == "enqueue") {
            if (!slip) queue->push_back(op.arg);
        } else if (op.f == "drain") {
            op.ret = list_of(*queue);
            queue->clear();
        } else if (!queue->empty()) {
            op.ret = queue->front();
            if (!slip) queue->erase(queue->begin());
        }
    };
    object.damage = [](Rng& r, Op& op) {
        const Value value = static_cast<std::int64_t>(r.below(6));
        if (op.f == "dequeue") op.ret = value;
        if (op.f == "drain") op.ret = Value::List{value};
    };
    return object;
}

using Multiset = std::map<Value, std::int64_t>;

std::int64_t size_of(const Multiset& values) {
    std::int64_t size = 0;
    for (const auto& [value, times] : values)
        size += std::max<std::int64_t>(0, times);
    return size;
}

/// a minus b; below nothing is nothing.
Multiset minus(const Multiset& a, const Multiset& b) {
    Multiset rest;
    for (const auto& [value, times] : a) {
        const auto other = b.find(value);
        const std::int64_t left = times - (other == b.end() ? 0 : other->second);
        if (left > 0) rest[value] = left;
    }
    return rest;
}

Expected total_queue_reference(const std::vector<Op>& ops) {
    Multiset attempts, enqueues, dequeues;
    bool crashed_drain = false;
    std::int64_t crashed_dequeues = 0;
    Index empty = -1;
    for (const Op& op : ops) {
        const bool is_ok = op.status == OpStatus::ok;
        const bool crashed = op.status == OpStatus::info;
        if (op.f == "enqueue") {
            ++attempts[op.arg];
            if (is_ok) ++enqueues[op.arg];
        } else if (op.f == "drain") {
            crashed_drain = crashed_drain || crashed;
            if (!is_ok) continue;
            for (const Value& value : *op.ret.list())
                ++dequeues[value];
            empty = std::max(empty, op.inv_index);
        } else if (crashed) {
            ++crashed_dequeues;
        } else if (is_ok) {
            if (op.ret.is_absent())
                empty = std::max(empty, op.inv_index);
            else
                ++dequeues[op.ret];
        }
    }
    const Multiset excess = minus(dequeues, attempts);
    const Multiset ok_values = minus(dequeues, excess);
    Multiset unexpected, duplicated;
    for (const auto& [value, times] : excess)
        (attempts.contains(value) ? duplicated : unexpected)[value] = times;
    const Multiset lost = minus(enqueues, dequeues);
    const Multiset recovered = minus(ok_values, enqueues);
    Multiset sought;
    for (const Op& op : ops)
        if (op.f == "enqueue" && op.status == OpStatus::ok && op.ret_index < empty)
            ++sought[op.arg];
    const bool proven = !crashed_drain && size_of(minus(sought, dequeues)) > crashed_dequeues;
    Verdict verdict = Verdict::valid;
    if (crashed_drain || !lost.empty()) verdict = Verdict::unknown;
    if (!unexpected.empty() || proven) verdict = Verdict::invalid;
    return {verdict,
            {{"attempt_count", size_of(attempts)},
             {"acknowledged_count", size_of(enqueues)},
             {"ok_count", size_of(ok_values)},
             {"unexpected_count", size_of(unexpected)},
             {"duplicated_count", size_of(duplicated)},
             {"lost_count", size_of(lost)},
             {"recovered_count", size_of(recovered)}}};
}

Expected queue_reference(const std::vector<Op>& ops) {
    std::multiset<Value> queue;
    bool any = false;
    for (const PlainEvent& event : events_of(ops)) {
        const Op& op = *event.op;
        if (op.f == "enqueue" && !event.completion) queue.insert(op.arg);
        if (op.f != "dequeue" || !event.completion || op.status != OpStatus::ok) continue;
        if (op.ret.is_absent()) continue;
        any = true;
        const auto found = queue.find(op.ret);
        if (found == queue.end()) return {Verdict::invalid, {{"final_count", queue.size()}}};
        queue.erase(found);
    }
    return {any ? Verdict::valid : Verdict::unknown, {{"final_count", queue.size()}}};
}

PlainObject random_ids(Rng& rng) {
    PlainObject object;
    const std::uint64_t range = rng.chance(1, 2) ? 10 : 400;
    object.invoke = [](Rng&) { return Op{.f = "generate"}; };
    object.apply = [=](Rng& r, Op& op) { op.ret = static_cast<std::int64_t>(r.below(range)); };
    object.damage = [](Rng&, Op&) {};
    return object;
}

Expected ids_reference(const std::vector<Op>& ops) {
    Multiset given;
    std::int64_t acked = 0;
    for (const Op& op : ops) {
        if (op.status != OpStatus::ok) continue;
        ++given[op.ret];
        ++acked;
    }
    std::vector<std::pair<std::int64_t, Value>> twice;
    for (const auto& [value, times] : given)
        if (times > 1) twice.emplace_back(-times, value);
    std::ranges::sort(twice);
    Value::List shown;
    for (const auto& [times, value] : twice)
        shown.emplace_back(pair(value, -times));
    Value::List range;
    if (!given.empty()) range = {given.begin()->first, given.rbegin()->first};
    return {!twice.empty() ? Verdict::invalid
            : acked == 0   ? Verdict::unknown
                           : Verdict::valid,
            {{"attempted_count", ops.size()},
             {"acknowledged_count", acked},
             {"duplicated_count", twice.size()},
             {"duplicated", std::move(shown)},
             {"range", std::move(range)}}};
}

PlainObject random_counter(Rng&) {
    auto sum = std::make_shared<std::int64_t>(0);
    PlainObject object;
    object.max_ops = 14;
    object.invoke = [](Rng& r) {
        Op op{.f = r.chance(1, 2) ? "add" : "read"};
        if (op.f == "add") op.arg = static_cast<std::int64_t>(r.below(5));
        return op;
    };
    object.apply = [=](Rng&, Op& op) {
        if (op.f == "add")
            *sum += *op.arg.integer();
        else
            op.ret = *sum;
    };
    object.damage = [](Rng& r, Op& op) {
        if (op.f == "read") op.ret = *op.ret.integer() + r.between(-3, 3);
    };
    return object;
}

Expected counter_reference(const std::vector<Op>& ops) {
    Value::List reads, errors;
    for (const PlainEvent& event : events_of(ops)) {
        const Op& read = *event.op;
        if (read.f != "read" || !event.completion || read.status != OpStatus::ok) continue;
        std::int64_t lower = 0;
        std::int64_t upper = 0;
        for (const Op& add : ops) {
            if (add.f != "add" || add.status == OpStatus::fail) continue;
            if (add.status == OpStatus::ok && add.ret_index < read.inv_index)
                lower += *add.arg.integer();
            if (add.inv_index < read.ret_index) upper += *add.arg.integer();
        }
        const std::int64_t value = *read.ret.integer();
        reads.emplace_back(Value::List{lower, value, upper});
        if (value < lower || value > upper) errors.emplace_back(Value::List{lower, value, upper});
    }
    const Verdict verdict = !errors.empty() ? Verdict::invalid
                            : reads.empty() ? Verdict::unknown
                                            : Verdict::valid;
    return {verdict,
            {{"read_count", reads.size()},
             {"error_count", errors.size()},
             {"reads", reads},
             {"errors", errors}}};
}

} // namespace

TEST_CASE("10,000 random histories: total-queue agrees with its definition") {
    expect_agreement({.checker = "total-queue",
                      .options = {},
                      .make = [](Rng& rng) { return random_queue(rng, true); },
                      .reference = total_queue_reference});
}

TEST_CASE("10,000 random histories: queues and counters that work are not accused") {
    for (const bool drains : {false, true}) {
        expect_no_accusation(
            "total-queue", {}, [=](Rng& rng) { return random_queue(rng, drains, false); });
    }
    expect_no_accusation("queue", {}, [](Rng& rng) { return random_queue(rng, false, false); });
    expect_no_accusation("counter", {}, random_counter);
}

TEST_CASE("10,000 random histories: queue agrees with its definition") {
    expect_agreement({.checker = "queue",
                      .options = {},
                      .make = [](Rng& rng) { return random_queue(rng, false); },
                      .reference = queue_reference});
}

TEST_CASE("10,000 random histories: unique-ids agrees with its definition") {
    expect_agreement(
        {.checker = "unique-ids", .options = {}, .make = random_ids, .reference = ids_reference});
}

TEST_CASE("10,000 random histories: counter agrees with its definition") {
    expect_agreement({.checker = "counter",
                      .options = {},
                      .make = random_counter,
                      .reference = counter_reference});
}

TEST_CASE("a value that a crashed dequeue may have taken is not lost for sure") {
    const std::vector<Op> ops = {ok("enqueue", 1, {}, 0, 1),
                                 info("dequeue", {}, 2, 3),
                                 ok("drain", {}, Value::List{}, 4, 5)};
    CHECK(check_with(record_of(ops), "total-queue").verdict == Verdict::unknown);
    const std::vector<Op> drained = {ops[0], ops[2]};
    const CheckResult lost = check_with(record_of(drained), "total-queue");
    CHECK(lost.verdict == Verdict::invalid);
    CHECK(lost.findings.at(0).anomaly == "lost_value");
}

TEST_CASE("a value that was enqueued after the queue was found empty may still be there") {
    const Op found_empty = ok("dequeue", {}, {}, 4, 5);
    const std::vector<Op> taken_unseen = {ok("enqueue", 1, {}, 0, 1),
                                          info("dequeue", {}, 2, 3),
                                          found_empty,
                                          ok("enqueue", 2, {}, 6, 7)};
    CHECK(check_with(record_of(taken_unseen), "total-queue").verdict == Verdict::unknown);
    const std::vector<Op> enqueued_again = {ok("enqueue", 1, {}, 0, 1),
                                            ok("dequeue", {}, 1, 2, 3),
                                            found_empty,
                                            ok("enqueue", 1, {}, 6, 7)};
    CHECK(check_with(record_of(enqueued_again), "total-queue").verdict == Verdict::unknown);
}

TEST_CASE("a drain that crashed makes a queue unknown") {
    std::vector<Op> ops = {ok("enqueue", 1, {}, 0, 1), info("drain", {}, 2, 3)};
    for (int i = 0; i < 2; ++i) {
        const CheckResult result = check_with(record_of(ops), "total-queue");
        CHECK(result.verdict == Verdict::unknown);
        CHECK(result.reason == "a drain crashed: what it took is not known");
        ops.push_back(ok("drain", {}, Value::List{}, 4, 5));
    }
}

TEST_CASE("a counter of what is no number, or shrinks, or overflows, is unknown") {
    const Value most = std::int64_t{INT64_MAX};
    for (const std::vector<Op>& ops :
         {std::vector<Op>{ok("add", -1, {}, 0, 1), ok("read", {}, 5, 2, 3)},
          std::vector<Op>{ok("add", "one", {}, 0, 1)},
          std::vector<Op>{ok("read", {}, "one", 0, 1)},
          std::vector<Op>{ok("add", most, {}, 0, 1), ok("add", 1, {}, 2, 3)}}) {
        CHECK(check_with(record_of(ops), "counter").verdict == Verdict::unknown);
    }
    const CheckResult far = check_with(
        record_of({ok("add", most, {}, 0, 1), ok("read", {}, std::int64_t{INT64_MIN}, 2, 3)}),
        "counter");
    CHECK(far.statistics.at("worst_error") == Value(most));
}

TEST_CASE("queues and counters take few steps for every operation") {
    std::vector<Op> queue, ids, counter;
    Index index = 0;
    constexpr std::int64_t n = 20'000;
    for (std::int64_t i = 0; i < n; ++i, index += 2) {
        const bool first = i < n / 2;
        queue.push_back(long_op(0,
                                first ? "enqueue" : "dequeue",
                                first ? Value(i) : Value(),
                                first ? Value() : Value(n - 1 - i),
                                index,
                                index + 1));
        ids.push_back(long_op(0, "generate", {}, i / 2, index, index + 1));
        counter.push_back(long_op(0, "read", {}, -1, index, index + 1));
    }
    CHECK(steps_of("total-queue", queue) <= 2 * n);
    CHECK(steps_of("queue", queue) <= 2 * n);
    CHECK(steps_of("unique-ids", ids) <= 2 * n);
    CHECK(steps_of("counter", counter) <= 2 * n);
}
