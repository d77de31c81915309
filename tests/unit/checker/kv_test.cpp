#include "checker/certificate.hpp"
#include "checker/kv_counterexample.hpp"
#include "checker/kv_search.hpp"
#include "core/rng.hpp"
#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/kv_reference.hpp"
#include "tests/unit/checker/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

std::string print(const std::vector<Op>& ops) {
    std::string text;
    for (const Op& op : ops) {
        text += fmt::format("\n  {:3}..{:3} {:4} {} {} {} → {}",
                            op.inv_index,
                            op.ret_index == never ? -1 : op.ret_index,
                            to_string(op.status),
                            op.f,
                            to_json(op.key),
                            to_json(op.arg),
                            to_json(op.ret));
    }
    return text;
}

Verdict judge(const std::vector<Op>& ops,
              const KvLicences& licences = {},
              const LinearizabilityRules& rules = {}) {
    const History history = to_history(ops);
    auto groups = read_kv_groups(history, rules).value();
    Verdict verdict = Verdict::valid;
    for (KvGroup& group : groups) {
        REQUIRE_FALSE(group.misfit.has_value());
        verdict = worst(verdict, search_kv(group.ops, group.places, Budget{}, licences).verdict);
    }
    return verdict;
}

constexpr int histories_each = 10'000;

/// How often the checker disagrees with brute force.
int disagreements(const RandomKvOptions& options,
                  int histories = histories_each,
                  const LinearizabilityRules& rules = {}) {
    Rng rng(5);
    int valid = 0;
    int wrong = 0;
    std::string first;
    for (int i = 0; i < histories; ++i) {
        const std::vector<Op> ops = random_kv_operations(rng, options);
        const bool expected = brute_force_kv(ops);
        valid += expected ? 1 : 0;
        if (judge(ops, {}, rules) == (expected ? Verdict::valid : Verdict::invalid)) continue;
        if (wrong++ == 0) first = (expected ? "legal" : "illegal") + print(ops);
    }
    UNSCOPED_INFO("first disagreement: " << first);
    CHECK(valid >= histories / 5);
    CHECK(histories - valid >= histories / 5);
    return wrong;
}

Op joined(Op op) {
    op.key = {};
    return op;
}
Op on(std::string_view key, Op op) {
    op.key = key;
    return op;
}

/// A history of which the checker says this class.
void expect_class(const std::vector<Op>& ops, std::string_view name) {
    const CheckResult result = linearizable(ops, "kv");
    INFO(print(ops) << "\n" << result.reason);
    CHECK_FALSE(brute_force_kv(ops));
    REQUIRE(result.verdict == Verdict::invalid);
    CHECK(result.findings.at(0).details.at("class") == Value(name));
    CHECK(result.findings.at(0).minimal);
}

Value both(Value a, Value b) {
    return Value::Transaction{{"w", "a", std::move(a)}, {"w", "b", std::move(b)}};
}
Value look() {
    return Value::Transaction{{"r", "a", {}}, {"r", "b", {}}};
}
Value seen(Value a, Value b) {
    return Value::Transaction{{"r", "a", std::move(a)}, {"r", "b", std::move(b)}};
}

struct InfoDropped : LinearizabilityRules {
    Fate fate(OpStatus s) const override {
        return s == OpStatus::info ? Fate::dropped : LinearizabilityRules::fate(s);
    }
};
struct RealTimeIgnored : LinearizabilityRules {
    Index invoked(Index) const override { return 0; }
    Index returned(Index, Index) const override { return never - 1; }
};
struct AbsentIsZero : LinearizabilityRules {
    const Value& identity(const Value& value) const override {
        return value.is_absent() ? zero : value;
    }
    Value zero = 0;
};

} // namespace

TEST_CASE("10,000 random histories: kv agrees with brute force") {
    CHECK(disagreements({}) == 0);
}
TEST_CASE("10,000 random histories: kv with single keys only agrees with brute force") {
    CHECK(disagreements({.keys = 1, .joined_percent = 0}) == 0);
}
TEST_CASE("10,000 random histories: kv with many joins agrees with brute force") {
    CHECK(disagreements({.max_ops = 7, .keys = 4, .joined_percent = 80}) == 0);
}
TEST_CASE("10,000 random histories: kv with unique values agrees with brute force") {
    CHECK(disagreements({.processes = 4, .unique_values = true}) == 0);
}
TEST_CASE("10,000 random histories: kv with many indeterminate operations agrees") {
    CHECK(disagreements({.keys = 2, .values = 2, .info_percent = 45, .corrupt_percent = 95}) == 0);
}
TEST_CASE("10,000 random histories: kv with namespaces agrees with brute force") {
    CHECK(disagreements({.keys = 2, .namespaces = 3, .joined_percent = 50}) == 0);
}

TEST_CASE("pruning changes no verdict on kv histories too long for brute force") {
    Rng rng(3);
    int invalid = 0;
    for (int i = 0; i < 2'000; ++i) {
        const std::vector<Op> ops = random_kv_operations(rng,
                                                         {.max_ops = 20,
                                                          .processes = 4,
                                                          .keys = 4,
                                                          .values = 5,
                                                          .info_percent = 8,
                                                          .joined_percent = 20,
                                                          .unique_values = i % 2 == 0,
                                                          .corrupt_percent = 30});
        const Verdict verdict = judge(ops);
        INFO(print(ops));
        REQUIRE(verdict == judge(ops,
                                 {.drop_unnoticed = false,
                                  .look_ahead = false,
                                  .narrow = false,
                                  .symmetric = false}));
        invalid += verdict == Verdict::invalid ? 1 : 0;
    }
    CHECK(invalid > 250);
}

TEST_CASE("a long history of tied keys is legal, and is not when its end is stale") {
    // Long enough that states are forgotten on the way.
    Rng rng(13);
    int stale = 0;
    for (int i = 0; i < 20; ++i) {
        std::vector<Op> ops = random_kv_operations(rng,
                                                   {.max_ops = 6'000,
                                                    .processes = 5,
                                                    .keys = 12,
                                                    .info_percent = 0,
                                                    .joined_percent = 20,
                                                    .unique_values = true,
                                                    .corrupt_percent = 0});
        CHECK(judge(ops) == Verdict::valid);
        if (ops.size() < 3'000) continue;
        const auto read = std::find_if(ops.rbegin(), ops.rend(), [](const Op& op) {
            return op.f == "read" && op.status == OpStatus::ok;
        });
        REQUIRE(read != ops.rend());
        read->ret = -1;
        ++stale;
        CHECK(judge(ops) == Verdict::invalid);
    }
    CHECK(stale > 5);
}

TEST_CASE("planted mistakes of the reading of kv histories are noticed") {
    CHECK(disagreements({}, 2'000, InfoDropped{}) > 0);
    CHECK(disagreements({}, 2'000, RealTimeIgnored{}) > 0);
    CHECK(disagreements({}, 2'000, AbsentIsZero{}) > 0);
}

TEST_CASE("removing operations from a legal kv history leaves it legal") {
    Rng rng(7);
    int smaller = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::vector<Op> ops = random_kv_operations(rng,
                                                         {.max_ops = 12,
                                                          .values = 4,
                                                          .info_percent = 12,
                                                          .joined_percent = 20,
                                                          .unique_values = i % 2 == 0,
                                                          .corrupt_percent = 0});
        const History history = to_history(ops);
        auto groups = read_kv_groups(history, LinearizabilityRules{}).value();
        for (KvGroup& group : groups) {
            std::vector<bool> kept(group.ops.size());
            for (std::size_t k = 0; k < kept.size(); ++k)
                kept[k] = rng.chance(3, 4);
            const auto rest = supported_kv_subset(group.ops, kept, group.places);
            smaller += rest.size() < group.ops.size() && !rest.empty() ? 1 : 0;
            INFO(print(ops));
            REQUIRE(search_kv(rest, group.places, Budget{}).verdict == Verdict::valid);
        }
    }
    CHECK(smaller > 10'000);
}

TEST_CASE("counterexamples of kv are illegal alone, and minimal") {
    Rng rng(11);
    int illegal = 0;
    int of_several_keys = 0;
    int without_divergence = 0;
    std::size_t largest = 0;
    std::map<std::string, int> classes;
    for (int i = 0; i < 3'000; ++i) {
        const std::vector<Op> ops = random_kv_operations(rng,
                                                         {.max_ops = 14,
                                                          .values = 4,
                                                          .info_percent = 12,
                                                          .joined_percent = 60,
                                                          .torn_percent = 50,
                                                          .unique_values = i % 2 == 0,
                                                          .corrupt_percent = 40});
        const CheckResult result = linearizable(ops, "kv");
        if (result.verdict != Verdict::invalid) continue;
        ++illegal;
        const History history = to_history(ops);
        const Finding& finding = result.findings.at(0);
        largest = std::max(largest, finding.ops.size());
        ++classes[*finding.details.at("class").text()];
        INFO(print(ops) << "\n" << result.reason);
        REQUIRE(finding.minimal);
        REQUIRE(std::ranges::is_sorted(finding.ops));
        // What shows it is no part of it where it only told that it had not explained the others.
        const bool part = std::ranges::find(finding.ops, finding.divergence) != finding.ops.end();
        without_divergence += part ? 0 : 1;
        std::vector<Value> keys = {finding.key};
        if (finding.details.contains("keys")) keys = *finding.details.at("keys").list();
        of_several_keys += keys.size() > 1 ? 1 : 0;
        if (finding.ops.size() > 10) continue;
        REQUIRE(kv_certificate_is_illegal(history, finding.ops, finding.divergence, keys));
    }
    INFO("largest " << largest << ", of several keys " << of_several_keys);
    CHECK(illegal > 300);
    CHECK(of_several_keys > 10);
    CHECK(without_divergence < illegal / 10);
    CHECK(largest <= 10);
    CHECK(classes.size() >= 6);
}

TEST_CASE("a certificate of kv that proves nothing is not taken") {
    const std::vector<Op> ops = {on("a", ok("write", 1, true, 0, 1)),
                                 on("a", ok("write", 2, true, 2, 3)),
                                 on("a", ok("read", {}, 1, 4, 5))};
    const History history = to_history(ops);
    CHECK(kv_certificate_is_illegal(history, std::vector<OpId>{0, 1, 2}, 2));
    CHECK_FALSE(kv_certificate_is_illegal(history, std::vector<OpId>{0, 2}, 2));
    const std::vector<Value> other = {"b"};
    CHECK_FALSE(kv_certificate_is_illegal(history, std::vector<OpId>{0, 1, 2}, 2, other));
}

TEST_CASE("planted anomalies of a map are found and named") {
    // Two additions to the same sum: one is lost.
    expect_class({on("a", ok("add", 1, 1, 0, 1)),
                  on("a", ok("add", 1, 2, 2, 5)),
                  on("a", ok("add", 1, 2, 3, 6))},
                 "lost_update");
    // An append is there twice.
    expect_class({on("a", ok("append", "x", "x", 0, 1)), on("a", ok("read", {}, "xx", 2, 3))},
                 "value_never_written");
    // A scan does not see what was written before it began.
    expect_class(
        {on("a", ok("write", 1, true, 0, 1)),
         on("b", ok("write", 2, true, 2, 3)),
         on("a", ok("write", 3, true, 4, 5)),
         joined(ok("scan", pair("a", "c"), Value::List{pair("a", 1), pair("b", 2)}, 6, 7))},
        "stale_read");
    // A scan misses a key.
    expect_class({on("a", ok("write", 1, true, 0, 1)),
                  joined(ok("scan", pair("a", "c"), Value::List{}, 2, 3))},
                 "stale_read");
    // A scan is out of order, and one out of its range.
    expect_class(
        {on("a", ok("write", 1, true, 0, 1)),
         on("b", ok("write", 2, true, 2, 3)),
         joined(ok("scan", pair("a", "c"), Value::List{pair("b", 2), pair("a", 1)}, 4, 5))},
        "impossible_answer");
    expect_class({on("c", ok("write", 1, true, 0, 1)),
                  joined(ok("scan", pair("a", "c"), Value::List{pair("c", 1)}, 2, 3))},
                 "impossible_answer");
    // Half of a transaction is seen.
    expect_class({joined(ok("txn", both(1, 1), both(1, 1), 0, 1)),
                  joined(ok("txn", both(2, 2), both(2, 2), 2, 5)),
                  joined(ok("txn", look(), seen(2, 1), 3, 6))},
                 "half_visible_transaction");
    expect_class({joined(ok("txn", both(2, 2), both(2, 2), 0, 3)),
                  joined(ok("scan", pair("a", "z"), Value::List{pair("b", 2)}, 1, 4))},
                 "half_visible_transaction");
    // A key is back after it was deleted.
    expect_class({on("a", ok("write", 1, true, 0, 1)),
                  on("a", ok("delete", {}, true, 2, 3)),
                  on("a", ok("read", {}, 1, 4, 5))},
                 "resurrected_key");
    expect_class({on("a", ok("append", "x", "x", 0, 1)),
                  on("a", ok("delete", {}, true, 2, 3)),
                  on("a", ok("append", "y", "xy", 4, 5))},
                 "resurrected_key");
    // Two clients take the same value.
    expect_class({on("a", ok("write", 1, true, 0, 1)),
                  on("a", ok("cas", pair(1, 2), true, 2, 4)),
                  on("a", ok("cas", pair(1, 3), true, 3, 5))},
                 "duplicate_cas");
    // Two swaps give the same value away, and a swap one that nobody wrote.
    expect_class({on("a", ok("write", 1, true, 0, 1)),
                  on("a", ok("swap", 2, 1, 2, 4)),
                  on("a", ok("swap", 3, 1, 3, 5))},
                 "lost_update");
    expect_class({on("a", ok("swap", 2, 7, 0, 1))}, "value_never_written");
    // An append that does not end in what was appended.
    expect_class({on("a", ok("append", "x", "xy", 0, 1))}, "impossible_answer");
}

TEST_CASE("what a map may do is not held against it") {
    const auto valid = [](const std::vector<Op>& ops) {
        INFO(print(ops));
        CHECK(brute_force_kv(ops));
        CHECK(linearizable(ops, "kv").verdict == Verdict::valid);
    };
    // Absent counts as 0 and as "".
    valid({on("a", ok("add", 5, 5, 0, 1)), on("b", ok("append", "x", "x", 2, 3))});
    valid({on("a", ok("write", 0, true, 0, 1)), on("a", ok("add", 5, 5, 2, 3))});
    // An addition of unknown outcome shows in the next sum, or never.
    valid({on("a", ok("add", 1, 1, 0, 1)),
           on("a", info("add", 1, 2, 3)),
           on("a", ok("add", 1, 3, 4, 5))});
    valid({on("a", ok("add", 1, 1, 0, 1)),
           on("a", info("add", 1, 2, 3)),
           on("a", ok("add", 1, 2, 4, 5))});
    // A transaction reads its own writes, and may be cut nowhere.
    valid({joined(ok("txn",
                     Value::Transaction{{"append", "a", "x"}, {"r", "a", {}}},
                     Value::Transaction{{"append", "a", "x"}, {"r", "a", "x"}},
                     0,
                     1))});
    // An indeterminate transaction is seen whole, late.
    valid({joined(info("txn", both(1, 2), 0, 1)),
           joined(ok("txn", look(), seen({}, {}), 2, 3)),
           joined(ok("txn", look(), seen(1, 2), 4, 5))});
    // A swap of nothing, a chain of swaps, and one of unknown outcome.
    valid({on("a", ok("swap", 1, {}, 0, 1)),
           on("a", ok("swap", 2, 1, 2, 3)),
           on("a", info("swap", 3, 4, 20)),
           on("a", ok("swap", {}, 3, 5, 6)),
           on("a", ok("read", {}, {}, 7, 8))});
    // A delete of unknown outcome.
    valid({on("a", ok("write", 1, true, 0, 1)),
           on("a", info("delete", {}, 2, 3)),
           on("a", ok("read", {}, 1, 4, 5)),
           on("a", ok("read", {}, {}, 6, 7))});
}

TEST_CASE("only keys that scans and transactions tie together are one group") {
    const std::vector<Op> ops = {on("a", ok("write", 1, true, 0, 1)),
                                 on("b", ok("write", 1, true, 2, 3)),
                                 on("c", ok("write", 1, true, 4, 5)),
                                 on("d", ok("write", 1, true, 6, 7)),
                                 joined(ok("txn", look(), seen(1, 1), 8, 9)),
                                 joined(info("scan", pair("a", "z"), 10, 11))};
    const CheckResult result = linearizable(ops, "kv");
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.statistics.at("keys") == Value(4));
    CHECK(result.statistics.at("groups") == Value(3));
    CHECK(result.statistics.at("keys_in_largest_group") == Value(2));
}

TEST_CASE("a violation of a group is shown on the keys that it takes") {
    const std::vector<Op> ops = {
        on("a", ok("write", 1, true, 0, 1)),
        on("b", ok("write", 2, true, 2, 3)),
        on("b", ok("write", 3, true, 4, 5)),
        joined(ok("scan", pair("a", "z"), Value::List{pair("a", 1), pair("b", 2)}, 6, 7))};
    const Finding finding = linearizable(ops, "kv").findings.at(0);
    CHECK(finding.key == Value("b"));
    CHECK(finding.ops == std::vector<OpId>{1, 2, 3});
    CHECK(finding.details.at("states") == Value(Value::List{3}));
    CHECK(finding.details.at("missed_write") == Value(2));
}

TEST_CASE("a kv check that spends its budget is unknown, with the reason") {
    std::atomic<bool> expired = true;
    std::vector<Op> ops;
    for (int i = 0; i < 14; ++i)
        ops.push_back(on("a", info("add", std::int64_t{1} << i, i, 20)));
    ops.push_back(on("a", ok("read", {}, 20'000, 30, 31)));
    const CheckResult result = linearizable(ops, "kv", {.expired = &expired});
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.find("out of time") != std::string::npos);
    CHECK(result.findings.at(0).anomaly == "budget_spent");
}

// As the store does: replica/core/state_machine.cpp refuses it, with the outcome "overflow".
TEST_CASE("a sum that is no integer of 64 bits is refused, and changes nothing") {
    const std::int64_t most = INT64_MAX;
    const std::int64_t least = INT64_MIN;
    const auto verdict = [&](Value start, Op add, Value seen) {
        return linearizable({on("a", ok("write", std::move(start), true, 0, 1)),
                             on("a", std::move(add)),
                             on("a", ok("read", {}, std::move(seen), 4, 5))},
                            "kv")
            .verdict;
    };
    CHECK(verdict(most, info("add", 1, 2, 9), most) == Verdict::valid);
    CHECK(verdict(most, info("add", 1, 2, 9), least) == Verdict::invalid);
    CHECK(verdict(most, failed("add", 1, 2, 3), most) == Verdict::valid);
    CHECK(verdict(most, ok("add", 1, least, 2, 3), least) == Verdict::invalid);
    CHECK(verdict(least, ok("add", -1, most, 2, 3), most) == Verdict::invalid);
    CHECK(verdict(least, info("add", -1, 2, 9), least) == Verdict::valid);
    CHECK(verdict(most, ok("add", least, -1, 2, 3), -1) == Verdict::valid);
    CHECK(verdict(most - 1, ok("add", 1, most, 2, 3), most) == Verdict::valid);
}

TEST_CASE("what does not fit kv is no verdict") {
    const auto reason = [](const Op& op) {
        const CheckResult result = linearizable({op}, "kv");
        CHECK(result.verdict == Verdict::unknown);
        return result.reason;
    };
    CHECK(reason(on("a", ok("enqueue", 1, true, 0, 1))).find("expected read, write") !=
          std::string::npos);
    CHECK(reason(on("a", ok("add", 1, {}, 0, 1))).find("the sum") != std::string::npos);
    CHECK(reason(on("a", ok("append", 1, "x", 0, 1))).find("a text to") != std::string::npos);
    CHECK(reason(joined(ok("scan", 1, Value::List{}, 0, 1))).find("[key, key]") !=
          std::string::npos);
    CHECK(reason(joined(ok("scan", pair("a", "b"), 1, 0, 1))).find("[[key, value]") !=
          std::string::npos);
    CHECK(reason(joined(ok("read", {}, 1, 0, 1))).find("a key") != std::string::npos);
    CHECK(reason(joined(ok("txn", look(), both(1, 2), 0, 1))).find("its own steps") !=
          std::string::npos);
}

TEST_CASE("kv histories are the same after they were exported and read again") {
    Rng rng(17);
    for (int i = 0; i < 300; ++i) {
        std::vector<Op> ops = random_kv_operations(rng, {.max_ops = 12, .namespaces = 1 + i % 3});
        for (std::size_t k = 0; k < ops.size(); ++k)
            ops[k].process = static_cast<std::int32_t>(k);
        const Record record = record_of(ops);
        std::stringstream text;
        REQUIRE(export_jsonl(record, text));
        INFO(text.str());
        const History again = import_jsonl(text, "exported", Namespaces::separate).value();
        REQUIRE(again.size() == ops.size());
        for (std::size_t k = 0; k < ops.size(); ++k) {
            const Op op = again.op(static_cast<OpId>(k));
            REQUIRE(op.f == ops[k].f);
            REQUIRE(op.key == ops[k].key);
            REQUIRE(op.arg == ops[k].arg);
            REQUIRE(op.ret == ops[k].ret);
            REQUIRE(op.status == ops[k].status);
        }
    }
}
