// bank, long-fork, causal, causal-reverse and adya-g2 against their definitions, folded naively.

#include "tests/support/catch.hpp"
#include "tests/unit/checker/plain_history.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

using namespace faultlab;

namespace {

PlainObject random_bank(Rng& rng, bool mistakes = true) {
    auto balances = std::make_shared<std::vector<std::int64_t>>(std::vector<std::int64_t>{4, 3, 3});
    const bool leaky = mistakes && rng.chance(1, 4);
    PlainObject object;
    object.invoke = [](Rng& r) {
        Op op{.f = r.chance(1, 2) ? "transfer" : "read"};
        if (op.f == "transfer") {
            const auto account = [&] { return static_cast<std::int64_t>(r.below(3)); };
            op.arg = Value::List{account(), account(), r.between(1, 3)};
        }
        return op;
    };
    object.apply = [=](Rng& r, Op& op) {
        if (op.f == "read") {
            Value::List list;
            for (std::size_t i = 0; i < balances->size(); ++i)
                list.emplace_back(pair(i, (*balances)[i]));
            op.ret = std::move(list);
            return;
        }
        const Value::List& what = *op.arg.list();
        auto& from = (*balances)[static_cast<std::size_t>(*what[0].integer())];
        auto& to = (*balances)[static_cast<std::size_t>(*what[1].integer())];
        const std::int64_t amount = *what[2].integer();
        if (from < amount && !leaky) return;
        from -= amount;
        to += leaky && r.chance(1, 4) ? amount + 1 : amount;
    };
    object.damage = [](Rng& r, Op& op) {
        if (op.f != "read") return;
        Value::List list = *op.ret.list();
        Value& entry = list[r.below(list.size())];
        const Value::List old = *entry.list();
        switch (r.below(4)) {
            case 0: entry = pair(old[0].integer() ? *old[0].integer() + 3 : 9, old[1]); break;
            case 1: entry = pair(old[0], {}); break;
            default: entry = pair(old[0], r.between(-2, 8));
        }
        op.ret = std::move(list);
    };
    return object;
}

/// The first failing test of a read with how bad it is; nothing when all pass.
std::optional<std::pair<std::string, std::int64_t>> bank_error(const Value::List& read) {
    std::int64_t strange = 0, empty = 0, total = 0, debts = 0;
    for (const Value& entry : read) {
        const Value::List& pair = *entry.list();
        if (*pair[0].integer() > 2) ++strange;
        if (pair[1].is_absent()) {
            ++empty;
            continue;
        }
        total += *pair[1].integer();
        if (*pair[1].integer() < 0) debts -= *pair[1].integer();
    }
    if (strange > 0) return {{"unexpected_key", strange}};
    if (empty > 0) return {{"nil_balance", empty}};
    if (total != 10) return {{"wrong_total", std::abs(total - 10)}};
    if (debts > 0) return {{"negative_value", debts}};
    return std::nullopt;
}

Expected bank_reference(const std::vector<Op>& ops) {
    Params statistics;
    std::map<std::string, std::vector<std::pair<std::int64_t, OpId>>> errors;
    std::int64_t reads = 0;
    std::int64_t wrong = 0;
    for (const PlainEvent& event : events_of(ops)) {
        const Op& op = *event.op;
        if (op.f != "read" || !event.completion || op.status != OpStatus::ok) continue;
        ++reads;
        const auto error = bank_error(*op.ret.list());
        if (!error) continue;
        ++wrong;
        errors[error->first].emplace_back(error->second, op.id);
    }
    for (const char* name : {"unexpected_key", "nil_balance", "wrong_total", "negative_value"})
        statistics[std::string(name) + ".count"] = errors[name].size();
    statistics["read_count"] = reads;
    statistics["error_count"] = wrong;
    return {wrong > 0    ? Verdict::invalid
            : reads == 0 ? Verdict::unknown
                         : Verdict::valid,
            statistics};
}

/// Four keys in two groups of two, or three keys in one; reads may see keys at different times.
PlainObject random_forks(Rng& rng, std::int64_t group, bool mistakes = true) {
    auto seen = std::make_shared<std::map<std::int64_t, bool>>();
    auto next = std::make_shared<std::int64_t>(0);
    const bool forks = mistakes && rng.chance(1, 2);
    PlainObject object;
    object.max_ops = 14;
    object.damage_percent = 25;
    object.invoke = [=](Rng& r) {
        Op op{.f = "txn"};
        Value::Transaction steps;
        if (*next < 2 * group && r.chance(1, 3)) {
            steps.push_back({"w", (*next)++, 1});
        } else {
            const std::int64_t from = r.chance(2, 3) ? 0 : group;
            for (std::int64_t k = 0; k < group; ++k)
                steps.push_back({"r", from + k, {}});
            if (r.chance(1, 2)) std::ranges::reverse(steps);
        }
        op.arg = std::move(steps);
        return op;
    };
    object.apply = [=](Rng& r, Op& op) {
        Value::Transaction steps = *op.arg.transaction();
        for (MicroOp& step : steps) {
            const std::int64_t key = *step.key.integer();
            if (step.f == "w") {
                (*seen)[key] = true;
            } else if ((*seen)[key] && !(forks && r.chance(1, 3))) {
                step.value = 1;
            }
        }
        op.ret = std::move(steps);
    };
    object.damage = [](Rng& r, Op& op) {
        Value::Transaction steps = *op.ret.transaction();
        MicroOp& step = steps[r.below(steps.size())];
        if (step.f != "r") return;
        if (r.chance(1, 8))
            step.key = 99;
        else if (r.chance(1, 8))
            step.value = 2;
        else
            step.value = step.value.is_absent() ? Value(1) : Value();
        op.ret = std::move(steps);
    };
    return object;
}

Expected long_fork_reference(const std::vector<Op>& ops, std::size_t group) {
    std::vector<std::map<Value, Value>> reads;
    for (const Op& op : ops) {
        if (op.arg.transaction()->front().f == "w" || op.status != OpStatus::ok) continue;
        std::map<Value, Value> read;
        for (const MicroOp& step : *op.ret.transaction())
            if (!read.emplace(step.key, step.value).second) return {Verdict::unknown, {}};
        if (read.size() != group) return {Verdict::unknown, {}};
        reads.push_back(read);
    }
    bool fork = false;
    std::int64_t early = 0, late = 0;
    for (const auto& a : reads) {
        const auto nulls =
            std::ranges::count_if(a, [](const auto& cell) { return cell.second.is_absent(); });
        if (nulls == static_cast<std::int64_t>(group)) ++early;
        if (nulls == 0) ++late;
        for (const auto& b : reads) {
            std::size_t common = 0;
            bool a_ahead = false, b_ahead = false;
            for (const auto& [key, value] : a) {
                const auto other = b.find(key);
                if (other == b.end()) continue;
                ++common;
                if (value == other->second) continue;
                if (other->second.is_absent())
                    a_ahead = true;
                else if (value.is_absent())
                    b_ahead = true;
                else
                    return {Verdict::unknown, {}};
            }
            if (common != 0 && common != group) return {Verdict::unknown, {}};
            fork = fork || (a_ahead && b_ahead);
        }
    }
    return {
        fork            ? Verdict::invalid
        : reads.empty() ? Verdict::unknown
                        : Verdict::valid,
        {{"reads_count", reads.size()}, {"early_read_count", early}, {"late_read_count", late}}};
}

/// One process goes through the steps of one key; positions are counted up.
PlainObject random_causal(Rng& rng) {
    struct State {
        std::int64_t value = 0, position = 10, asked = 0;
        Value last;
    };
    auto state = std::make_shared<State>();
    const bool links_init = rng.chance(1, 3);
    PlainObject object;
    object.processes = 1;
    object.info_percent = 0;
    object.max_ops = 6;
    object.damage_percent = 50;
    object.invoke = [=](Rng& r) {
        constexpr const char* names[] = {"read-init", "write", "read", "write", "read", "read"};
        Op op{.f = names[state->asked++ % 6], .key = "k"};
        const Value link = links_init || state->last.is_absent() ? Value("init") : state->last;
        op.arg = pair(op.f == "write" ? Value(state->value + 1) : Value(), link);
        if (r.chance(1, 12))
            op.arg = pair(op.f == "write" ? Value(r.between(1, 3)) : Value(), link);
        return op;
    };
    object.apply = [=](Rng& r, Op& op) {
        if (op.f == "write") state->value = *(*op.arg.list())[0].integer();
        const bool silent = op.f == "read" && r.chance(1, 4);
        state->last = state->position++;
        op.ret = pair(silent ? Value() : Value(state->value), state->last);
    };
    object.damage = [](Rng& r, Op& op) {
        const Value::List& old = *op.ret.list();
        op.ret = r.chance(1, 2) ? pair(r.between(0, 3), old[1]) : pair(old[0], r.between(8, 14));
    };
    return object;
}

Expected causal_reference(const std::vector<Op>& ops) {
    std::int64_t value = 0, counter = 0, steps = 0;
    Value last;
    for (const Op& op : ops) {
        if (op.status != OpStatus::ok) continue;
        ++steps;
        const Value link = (*op.arg.list())[1];
        const Value seen = (*op.ret.list())[0];
        const bool linked = link == Value("init") || (!last.is_absent() && link == last);
        bool fits = linked;
        if (op.f == "write") {
            fits = fits && seen == Value(counter + 1);
            value = ++counter;
        } else if (op.f == "read-init" && counter == 0) {
            fits = fits && seen == Value(0);
        } else {
            fits = fits && (seen.is_absent() || seen == Value(value));
        }
        if (!fits) return {Verdict::invalid, {{"step_count", steps}}};
        last = (*op.ret.list())[1];
    }
    return {steps == 0 ? Verdict::unknown : Verdict::valid, {{"step_count", steps}}};
}

PlainObject random_reverse(Rng& rng, bool mistakes = true) {
    auto written = std::make_shared<std::vector<Value>>();
    auto next = std::make_shared<std::int64_t>(0);
    const bool partial = mistakes && rng.chance(1, 3);
    PlainObject object;
    object.max_ops = 14;
    object.damage_percent = 30;
    object.invoke = [=](Rng& r) {
        Op op{.f = r.chance(1, 2) ? "write" : "read", .key = "k"};
        if (op.f == "write") op.arg = (*next)++;
        return op;
    };
    object.apply = [=](Rng& r, Op& op) {
        if (op.f == "write") {
            written->push_back(op.arg);
            return;
        }
        Value::List list;
        for (const Value& value : *written)
            if (!partial || !r.chance(1, 4)) list.push_back(value);
        op.ret = std::move(list);
    };
    object.damage = [](Rng& r, Op& op) {
        if (op.f != "read") return;
        Value::List list = *op.ret.list();
        if (!list.empty()) list[r.below(list.size())] = static_cast<std::int64_t>(r.below(9));
        op.ret = std::move(list);
    };
    return object;
}

Expected reverse_reference(const std::vector<Op>& ops) {
    std::int64_t reads = 0, errors = 0;
    for (const Op& read : ops) {
        if (read.f != "read" || read.status != OpStatus::ok) continue;
        ++reads;
        const std::set<Value> seen(read.ret.list()->begin(), read.ret.list()->end());
        std::set<Value> expected;
        for (const Op& write : ops) {
            if (write.f != "write" || !seen.contains(write.arg)) continue;
            for (const Op& before : ops)
                if (before.f == "write" && before.status == OpStatus::ok &&
                    before.ret_index < write.inv_index)
                    expected.insert(before.arg);
        }
        if (!std::ranges::includes(seen, expected)) ++errors;
    }
    return {errors > 0   ? Verdict::invalid
            : reads == 0 ? Verdict::unknown
                         : Verdict::valid,
            {{"read_count", reads}, {"error_count", errors}}};
}

PlainObject random_inserts(Rng& rng, bool mistakes = true) {
    auto taken = std::make_shared<std::set<Value>>();
    const bool careless = mistakes && rng.chance(1, 3);
    PlainObject object;
    object.max_ops = 10;
    object.fail_percent = 35;
    object.invoke = [](Rng& r) {
        return Op{.f = "insert", .key = static_cast<std::int64_t>(r.below(4)), .arg = pair(1, {})};
    };
    object.apply = [=](Rng& r, Op& op) {
        const bool free = taken->insert(op.key).second || (careless && r.chance(1, 2));
        if (!free && op.status == OpStatus::ok) op.status = OpStatus::fail;
    };
    object.damage = [](Rng&, Op&) {};
    return object;
}

Expected inserts_reference(const std::vector<Op>& ops) {
    std::map<Value, std::int64_t> keys;
    for (const Op& op : ops)
        keys[op.key] += op.status == OpStatus::ok ? 1 : 0;
    std::int64_t legal = 0;
    Value::List illegal;
    for (const auto& [key, count] : keys) {
        if (count == 1) ++legal;
        if (count > 1) illegal.emplace_back(pair(key, count));
    }
    return {!illegal.empty() ? Verdict::invalid
            : legal == 0     ? Verdict::unknown
                             : Verdict::valid,
            {{"key_count", keys.size()},
             {"legal_count", legal},
             {"illegal_count", illegal.size()},
             {"illegal", illegal}}};
}

} // namespace

TEST_CASE("10,000 random histories: bank agrees with its definition") {
    expect_agreement({.checker = "bank",
                      .options = {{"accounts", "3"}, {"total", "10"}},
                      .make = [](Rng& rng) { return random_bank(rng); },
                      .reference = bank_reference});
}

TEST_CASE("10,000 random histories: long-fork agrees with all pairs of reads") {
    for (const std::int64_t group : {2, 3}) {
        expect_agreement({.checker = "long-fork",
                          .options = {{"group", std::to_string(group)}},
                          .make = [=](Rng& rng) { return random_forks(rng, group); },
                          .reference =
                              [=](const auto& ops) {
                                  return long_fork_reference(ops, static_cast<std::size_t>(group));
                              }});
    }
}

TEST_CASE("10,000 random histories: causal agrees with its definition") {
    expect_agreement(
        {.checker = "causal", .options = {}, .make = random_causal, .reference = causal_reference});
}

TEST_CASE("10,000 random histories: causal-reverse agrees with its definition") {
    expect_agreement({.checker = "causal-reverse",
                      .options = {},
                      .make = [](Rng& rng) { return random_reverse(rng); },
                      .reference = reverse_reference});
}

TEST_CASE("10,000 random histories: adya-g2 agrees with its definition") {
    expect_agreement({.checker = "adya-g2",
                      .options = {},
                      .make = [](Rng& rng) { return random_inserts(rng); },
                      .reference = inserts_reference});
}

TEST_CASE("10,000 random histories: what works is not accused") {
    expect_no_accusation("bank", {{"accounts", "3"}, {"total", "10"}}, [](Rng& rng) {
        return random_bank(rng, false);
    });
    for (const std::int64_t group : {2, 3}) {
        expect_no_accusation("long-fork", {{"group", std::to_string(group)}}, [=](Rng& rng) {
            return random_forks(rng, group, false);
        });
    }
    expect_no_accusation("causal-reverse", {}, [](Rng& rng) { return random_reverse(rng, false); });
    expect_no_accusation("adya-g2", {}, [](Rng& rng) { return random_inserts(rng, false); });
}

TEST_CASE("a bank tells the first, the worst and the last of each error") {
    const auto read = [](std::int64_t a, std::int64_t b, Index t) {
        return ok("read", {}, Value::List{pair(0, a), pair(1, b)}, t, t + 1);
    };
    const CheckResult result =
        check_with(record_of({read(4, 5, 0), read(9, 9, 2), read(5, 4, 4), read(-1, 11, 6)}),
                   "bank",
                   {{"accounts", "2"}, {"total", "10"}});
    CHECK(result.statistics.at("first_error") == Value(Value::List{"wrong_total", 0, 1, 9}));
    CHECK(result.statistics.at("wrong_total.worst") == Value(Value::List{"wrong_total", 1, 8, 18}));
    CHECK(result.statistics.at("wrong_total.last") == Value(Value::List{"wrong_total", 2, 1, 9}));
    CHECK(result.statistics.at("wrong_total.lowest") == Value(Value::List{"wrong_total", 0, 1, 9}));
    CHECK(result.statistics.at("wrong_total.highest") ==
          Value(Value::List{"wrong_total", 1, 8, 18}));
    CHECK(result.statistics.at("negative_value.count") == Value(1));
    const CheckResult lax = check_with(record_of({read(-1, 11, 0)}),
                                       "bank",
                                       {{"accounts", "2"}, {"total", "10"}, {"negative", "yes"}});
    CHECK(lax.verdict == Verdict::valid);
}

TEST_CASE("a key that is written twice makes a long fork unknown") {
    const Value write = Value::Transaction{{"w", 7, 1}};
    const CheckResult result = check_with(
        record_of({ok("txn", write, write, 0, 1), ok("txn", write, write, 2, 3)}), "long-fork");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.ends_with("expected one write of each key: 7 is written twice"));
}

TEST_CASE("what a read of causal-reverse lacks is told with how much was expected") {
    const CheckResult result = check_with(record_of({ok("write", 1, {}, 0, 1),
                                                     ok("write", 2, {}, 2, 3),
                                                     ok("write", 3, {}, 4, 5),
                                                     ok("read", {}, Value::List{2, 3}, 6, 7)}),
                                          "causal-reverse");
    REQUIRE(result.findings.size() == 1);
    CHECK(result.findings[0].details.at("missing") == Value(Value::List{1}));
    CHECK(result.findings[0].details.at("expected_count") == Value(2));
    CHECK(result.findings[0].ops == std::vector<OpId>{0, 2, 3});
}

TEST_CASE("order checkers take few steps for what they read") {
    std::vector<Op> forks, reverse, bank;
    Index index = 0;
    constexpr std::int64_t n = 10'000;
    for (std::int64_t i = 0; i < n; ++i, index += 2) {
        const Value seen = i % 2 == 0 ? Value(1) : Value();
        const Value::Transaction asked = {{"r", 0, {}}, {"r", 1, {}}};
        forks.push_back(long_op(
            0, "txn", asked, Value::Transaction{{"r", 0, seen}, {"r", 1, 1}}, index, index + 1));
        const bool write = i < n / 2;
        // Each read lacks all but the last write: listing what is missing would be quadratic.
        reverse.push_back(write ? long_op(0, "write", i, {}, index, index + 1)
                                : long_op(0, "read", {}, Value::List{n / 2 - 1}, index, index + 1));
        bank.push_back(long_op(0, "read", {}, Value::List{pair(0, i)}, index, index + 1));
    }
    CHECK(steps_of("long-fork", forks) <= 4 * n);
    CHECK(steps_of("causal-reverse", reverse) <= 3 * n);
    CHECK(steps_of("bank", bank) <= 2 * n);
}
