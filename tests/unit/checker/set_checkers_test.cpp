// The references fold events one by one, as the definitions are written: every read touches every
// element.

#include "tests/support/catch.hpp"
#include "tests/unit/checker/plain_history.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

using namespace faultlab;

namespace {

/// A set with `keys` keys, which forgets now and then if it may.
PlainObject random_set(Rng& rng, std::int64_t keys, bool unique, bool mistakes = true) {
    auto state = std::make_shared<std::map<Value, std::vector<Value>>>();
    auto next = std::make_shared<std::int64_t>(0);
    const bool forgets = mistakes && rng.chance(1, 3);
    PlainObject object;
    object.max_ops = 16;
    object.invoke = [=](Rng& r) {
        Op op{.f = r.chance(1, 2) ? "add" : "read"};
        if (keys > 0) op.key = static_cast<std::int64_t>(r.below(static_cast<std::uint64_t>(keys)));
        if (op.f == "add") op.arg = unique ? (*next)++ : static_cast<std::int64_t>(r.below(6));
        return op;
    };
    object.apply = [=](Rng& r, Op& op) {
        std::vector<Value>& elements = (*state)[op.key];
        if (op.f == "read") {
            op.ret = list_of(elements);
            return;
        }
        if (std::ranges::find(elements, op.arg) == elements.end()) elements.push_back(op.arg);
        if (forgets && r.chance(1, 4)) elements.erase(elements.begin());
    };
    object.damage = [](Rng& r, Op& op) {
        if (op.f != "read") return;
        Value::List list = *op.ret.list();
        const Value value = static_cast<std::int64_t>(r.below(8));
        if (r.chance(1, 2) && !list.empty())
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(r.below(list.size())));
        else
            list.push_back(value);
        op.ret = std::move(list);
    };
    return object;
}

std::vector<Value> keys_in(const std::vector<Op>& ops) {
    std::vector<Value> keys;
    for (const Op& op : ops)
        if (std::ranges::find(keys, op.key) == keys.end()) keys.push_back(op.key);
    return keys;
}

Expected set_reference(const std::vector<Op>& ops) {
    std::int64_t attempts = 0, acked = 0, good = 0, lost = 0, unexpected = 0, recovered = 0;
    bool doubt = false;
    bool wrong = false;
    for (const Value& key : keys_in(ops)) {
        std::set<Value> attempted, acknowledged;
        const Op* final = nullptr;
        for (const PlainEvent& event : events_of(ops)) {
            const Op& op = *event.op;
            if (op.key != key) continue;
            if (op.f == "add" && !event.completion) attempted.insert(op.arg);
            if (!event.completion || op.status != OpStatus::ok) continue;
            if (op.f == "add") acknowledged.insert(op.arg);
            if (op.f == "read") final = &op;
        }
        if (final == nullptr) {
            doubt = true;
            continue;
        }
        const std::set<Value> read(final->ret.list()->begin(), final->ret.list()->end());
        attempts += static_cast<std::int64_t>(attempted.size());
        acked += static_cast<std::int64_t>(acknowledged.size());
        for (const Value& value : read) {
            if (!attempted.contains(value)) {
                ++unexpected;
                wrong = true;
            } else {
                ++good;
                if (!acknowledged.contains(value)) ++recovered;
            }
        }
        for (const Value& value : acknowledged) {
            if (read.contains(value)) continue;
            ++lost;
            const bool sure = std::ranges::any_of(ops, [&](const Op& op) {
                return op.f == "add" && op.key == key && op.arg == value &&
                       op.status == OpStatus::ok && op.ret_index < final->inv_index;
            });
            (sure ? wrong : doubt) = true;
        }
    }
    return {wrong   ? Verdict::invalid
            : doubt ? Verdict::unknown
                    : Verdict::valid,
            {{"attempt_count", attempts},
             {"acknowledged_count", acked},
             {"ok_count", good},
             {"lost_count", wrong || doubt ? Value(lost) : Value(0)},
             {"unexpected_count", unexpected},
             {"recovered_count", recovered}}};
}

/// An element as the fold over events knows it.
struct Element {
    Value value;
    const Op* known = nullptr;
    const Op* present = nullptr;
    const Op* absent = nullptr;
};

struct SetFullTotals {
    std::int64_t attempts = 0, stable = 0, lost = 0, never_read = 0, stale = 0, worst = 0;
    std::int64_t late = 0; ///< stable, and not in a read that began after they were known
    std::vector<std::int64_t> stable_ms, lost_ms;
    bool unknown = false;
    bool duplicates = false;
};

void settle(const std::vector<Element>& elements, SetFullTotals& totals) {
    bool any_stable = false;
    for (const Element& e : elements) {
        ++totals.attempts;
        const Index present = e.present ? e.present->inv_index : -1;
        const Index absent = e.absent ? e.absent->inv_index : -1;
        const auto ms = [&](const Op* since) {
            const Nanos at = since ? since->t_inv + 1 : 0;
            return std::max<Nanos>(0, at - e.known->t_ret) / millisecond;
        };
        if (e.present && absent < present) {
            any_stable = true;
            ++totals.stable;
            totals.stable_ms.push_back(ms(e.absent));
            if (totals.stable_ms.back() > 0) ++totals.stale;
            if (e.known->ret_index < absent) ++totals.late;
            totals.worst = std::max(totals.worst, totals.stable_ms.back());
        } else if (e.known && e.absent && present < absent && e.known->ret_index < absent) {
            ++totals.lost;
            totals.lost_ms.push_back(ms(e.present));
        } else {
            ++totals.never_read;
        }
    }
    totals.unknown = totals.unknown || !any_stable;
}

void fold_set_full(const std::vector<Op>& ops, const Value& key, SetFullTotals& totals) {
    std::vector<Element> elements;
    for (const PlainEvent& event : events_of(ops)) {
        const Op& op = *event.op;
        if (op.key != key) continue;
        if (op.f == "add" && !event.completion) elements.push_back({.value = op.arg});
        if (!event.completion || op.status != OpStatus::ok) continue;
        for (Element& e : elements) {
            if (op.f == "add") {
                if (e.value == op.arg && !e.known) e.known = &op;
                continue;
            }
            const Value::List& list = *op.ret.list();
            const auto times = std::ranges::count(list, e.value);
            const Op*& last = times > 0 ? e.present : e.absent;
            if (!last || op.inv_index > last->inv_index) last = &op;
            if (times > 0 && !e.known) e.known = &op;
        }
        if (op.f != "read") continue;
        for (const Value& value : *op.ret.list())
            if (std::ranges::count(*op.ret.list(), value) > 1) totals.duplicates = true;
    }
    settle(elements, totals);
}

Value reference_quantiles(std::vector<std::int64_t> numbers) {
    if (numbers.empty()) return {};
    std::ranges::sort(numbers);
    Value::List list;
    const auto n = static_cast<double>(numbers.size());
    for (const double q : {0.0, 0.5, 0.95, 0.99, 1.0}) {
        const auto i = static_cast<std::size_t>(n * q + 1e-9);
        list.emplace_back(numbers[std::min(i, numbers.size() - 1)]);
    }
    return list;
}

Expected set_full_reference(const std::vector<Op>& ops, bool linearizable) {
    SetFullTotals totals;
    for (const Value& key : keys_in(ops))
        fold_set_full(ops, key, totals);
    Verdict verdict = Verdict::valid;
    if (linearizable && totals.late > 0) verdict = Verdict::invalid;
    if (totals.unknown && verdict == Verdict::valid) verdict = Verdict::unknown;
    if (totals.lost > 0 || totals.duplicates) verdict = Verdict::invalid;
    return {verdict,
            {{"attempt_count", totals.attempts},
             {"stable_count", totals.stable},
             {"lost_count", totals.lost},
             {"never_read_count", totals.never_read},
             {"stale_count", totals.stale},
             {"stable_latencies_ms", reference_quantiles(totals.stable_ms)},
             {"lost_latencies_ms", reference_quantiles(totals.lost_ms)}}};
}

} // namespace

TEST_CASE("10,000 random histories: set agrees with its definition") {
    expect_agreement({.checker = "set",
                      .options = {},
                      .make = [](Rng& rng) { return random_set(rng, 0, false); },
                      .reference = set_reference});
}

TEST_CASE("10,000 random histories: set-full agrees with its definition") {
    for (const bool linearizable : {false, true}) {
        expect_agreement(
            {.checker = "set-full",
             .options = {{"linearizable", linearizable ? "yes" : "no"}},
             .make = [](Rng& rng) { return random_set(rng, 0, true); },
             .reference = [=](const auto& ops) { return set_full_reference(ops, linearizable); }});
    }
}

TEST_CASE("10,000 random histories: sets that work are not accused") {
    expect_no_accusation("set", {}, [](Rng& rng) { return random_set(rng, 0, false, false); });
    for (const char* linearizable : {"no", "yes"}) {
        expect_no_accusation("set-full", {{"linearizable", linearizable}}, [](Rng& rng) {
            return random_set(rng, 2, true, false);
        });
    }
}

TEST_CASE("10,000 random histories: sets of several keys are judged apart") {
    expect_agreement({.checker = "set-full",
                      .options = {},
                      .make =
                          [](Rng& rng) {
                              PlainObject object = random_set(rng, 2, true);
                              object.max_ops = 20;
                              return object;
                          },
                      .reference = [](const auto& ops) { return set_full_reference(ops, false); }});
}

TEST_CASE("set prints what it found as intervals, and cites the add and the read") {
    const CheckResult result =
        check_with(record_of({ok("add", 1, {}, 0, 1),
                              ok("add", 2, {}, 2, 3),
                              ok("add", 3, {}, 4, 5),
                              info("add", 7, 6, 7),
                              ok("read", {}, Value::List{1, 2, 7, 9}, 8, 9)}),
                   "set");
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.statistics.at("ok") == Value(R"("x": 1..2 7)"));
    CHECK(result.statistics.at("lost") == Value(R"("x": 3)"));
    CHECK(result.statistics.at("unexpected") == Value(R"("x": 9)"));
    CHECK(result.statistics.at("recovered") == Value(R"("x": 7)"));
    REQUIRE(result.findings.size() == 2);
    CHECK(result.findings[0].anomaly == "lost_element");
    CHECK(result.findings[0].ops == std::vector<OpId>{2, 4});
    CHECK(result.findings[1].anomaly == "unexpected_element");
}

TEST_CASE("set-full tells the worst stale elements and a duplicate's multiplicity") {
    const Record stale = record_of({ok("add", 1, {}, 0, 1),
                                    ok("read", {}, Value::List{}, 40, 41),
                                    ok("read", {}, Value::List{1}, 50, 51)});
    const CheckResult lax = check_with(stale, "set-full");
    CHECK(lax.verdict == Verdict::valid);
    CHECK(lax.statistics.at("worst_stale") == Value(Value::List{pair(1, 39)}));
    const CheckResult strict = check_with(stale, "set-full", {{"linearizable", "yes"}});
    CHECK(strict.verdict == Verdict::invalid);
    CHECK(strict.findings.at(0).anomaly == "stale_element");

    const CheckResult twice =
        check_with(record_of({ok("add", 1, {}, 0, 1), ok("read", {}, Value::List{1, 1, 1}, 2, 3)}),
                   "set-full");
    CHECK(twice.verdict == Verdict::invalid);
    CHECK(twice.findings.at(0).anomaly == "duplicate_element");
    CHECK(twice.findings.at(0).details.at("times") == Value(3));
}

TEST_CASE("an operation of another kind makes a set unknown, whatever else is wrong") {
    for (const char* checker : {"set", "set-full"}) {
        const CheckResult result = check_with(record_of({ok("add", 1, {}, 0, 1),
                                                         ok("read", {}, Value::List{}, 2, 3),
                                                         ok("remove", 1, {}, 4, 5)}),
                                              checker);
        CHECK(result.verdict == Verdict::unknown);
        CHECK(result.reason ==
              "operation 2 (remove 1) is none of " + std::string(checker) + ": expected add, read");
        CHECK(result.findings.empty());
    }
}

TEST_CASE("whether a read came too late for a linearizable set is not up to the clock") {
    const Options linearizable = {{"linearizable", "yes"}};
    std::vector<Op> late = {ok("add", 1, {}, 0, 1),
                            ok("read", {}, Value::List{}, 2, 3),
                            ok("read", {}, Value::List{1}, 4, 5)};
    std::vector<Op> at_once = {ok("read", {}, Value::List{}, 0, 2),
                               ok("add", 1, {}, 1, 3),
                               ok("read", {}, Value::List{1}, 4, 5)};
    at_once[0].t_inv = 9 * millisecond; // a clock that went wrong
    for (Op& op : late)
        op.t_inv = op.t_ret = 0; // a history without times
    CHECK(check_with(record_of(at_once), "set-full", linearizable).verdict == Verdict::valid);
    const CheckResult result = check_with(record_of(late), "set-full", linearizable);
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.reason == "1 of \"x\" was known, and a read by client 0 that began later did not "
                           "hold it");
    CHECK(result.statistics.at("stale_count") == Value(0));
    CHECK(check_with(record_of(late), "set-full").verdict == Verdict::valid);
}

TEST_CASE("the work of set-full is of the size of what was read, not reads times elements") {
    // The elements come first, then reads of all of them again and again, of two alternating lists.
    std::vector<Op> ops;
    Value::List all;
    Index index = 0;
    constexpr std::int64_t elements = 2'000;
    for (std::int64_t i = 0; i < elements; ++i, index += 2) {
        ops.push_back(long_op(0, "add", i, {}, index, index + 1));
        all.emplace_back(i);
    }
    Value::List reversed(all.rbegin(), all.rend());
    for (int i = 0; i < 20'000; ++i, index += 2)
        ops.push_back(long_op(1, "read", {}, i % 2 == 0 ? all : reversed, index, index + 1));
    CHECK(steps_of("set-full", ops) < 6 * static_cast<std::int64_t>(ops.size()) + 20 * elements);
    CHECK(steps_of("set", ops) < 2 * static_cast<std::int64_t>(ops.size()));
}
