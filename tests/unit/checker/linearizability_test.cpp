#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <vector>

using namespace faultlab;

TEST_CASE("an empty cell reads absent, not zero") {
    CHECK(linearizable({ok("read", {}, {}, 0, 1)}).verdict == Verdict::valid);
    CHECK(linearizable({ok("read", {}, 0, 0, 1)}).verdict == Verdict::invalid);
    CHECK(linearizable({ok("read", {}, false, 0, 1)}).verdict == Verdict::invalid);
}

TEST_CASE("an indeterminate write may show late, or never") {
    const Op write = info("write", 1, 0, 1);
    CHECK(linearizable({write, ok("read", {}, {}, 2, 3), ok("read", {}, 1, 4, 5)}).verdict ==
          Verdict::valid);
    CHECK(linearizable({write, ok("read", {}, {}, 2, 3)}).verdict == Verdict::valid);
    CHECK(linearizable({write, ok("read", {}, 1, 2, 3), ok("read", {}, {}, 4, 5)}).verdict ==
          Verdict::invalid);
}

TEST_CASE("an open operation counts as indeterminate") {
    const Op write = op_at(OpStatus::open, "write", 1, {}, 0, 0);
    CHECK(linearizable({write, ok("read", {}, {}, 2, 3), ok("read", {}, 1, 4, 5)}).verdict ==
          Verdict::valid);
}

TEST_CASE("a compare-and-set that compared false observed something else") {
    const Op write = ok("write", 1, {}, 0, 1);
    CHECK(linearizable({write, ok("cas", pair(2, 3), false, 2, 3)}).verdict == Verdict::valid);
    CHECK(linearizable({write, ok("cas", pair(1, 3), false, 2, 3)}).verdict == Verdict::invalid);
    CHECK(linearizable({write, failed("cas", pair(1, 3), 2, 3)}).verdict == Verdict::valid);
}

TEST_CASE("an update answers that it was done, and nothing else") {
    const auto verdict = [](const Op& update) {
        return linearizable({update, ok("read", {}, 1, 2, 3)}).verdict;
    };
    CHECK(verdict(ok("write", 1, {}, 0, 1)) == Verdict::valid);
    CHECK(verdict(ok("write", 1, 1, 0, 1)) == Verdict::valid);
    CHECK(verdict(ok("write", 1, true, 0, 1)) == Verdict::valid);
    CHECK(verdict(ok("write", 1, 2, 0, 1)) == Verdict::unknown);
    CHECK(verdict(ok("write", 1, false, 0, 1)) == Verdict::unknown);
    CHECK(verdict(ok("cas", pair({}, 1), pair({}, 1), 0, 1)) == Verdict::valid);
    CHECK(verdict(ok("cas", pair({}, 1), "no", 0, 1)) == Verdict::unknown);
    CHECK(linearizable({ok("write", 1, "done", 0, 1)}, "versioned-register").verdict ==
          Verdict::unknown);
    // A cas on version 1 makes version 2: its answer does not repeat its argument.
    CHECK(linearizable({ok("write", 5, pair(5, 1), 0, 1), ok("cas", pair(1, 1), pair(1, 1), 2, 3)},
                       "versioned-register")
              .verdict == Verdict::invalid);
}

TEST_CASE("keys are independent") {
    Op on_y = ok("read", {}, {}, 2, 3);
    on_y.key = "y";
    CHECK(linearizable({ok("write", 1, {}, 0, 1), on_y}).verdict == Verdict::valid);
}

TEST_CASE("versions count the updates of a key") {
    const std::string model = "versioned-register";
    const Op write = ok("write", 7, pair(7, 1), 0, 1);
    CHECK(linearizable({ok("read", {}, pair({}, 0), 0, 1)}, model).verdict == Verdict::valid);
    CHECK(linearizable({write, ok("read", {}, pair(7, 1), 2, 3)}, model).verdict == Verdict::valid);
    CHECK(linearizable({write, ok("read", {}, pair(7, 2), 2, 3)}, model).verdict ==
          Verdict::invalid);
    CHECK(linearizable({write, ok("cas", pair(1, 8), pair(8, 2), 2, 3)}, model).verdict ==
          Verdict::valid);
    CHECK(linearizable({write, ok("cas", pair(1, 8), false, 2, 3)}, model).verdict ==
          Verdict::invalid);
    // The write in between is indeterminate: it happened, for it left its number behind.
    CHECK(linearizable({write, info("write", 9, 2, 3), ok("write", 8, pair(8, 3), 4, 5)}, model)
              .verdict == Verdict::valid);
}

TEST_CASE("two hundred indeterminate writes can be pending at once") {
    std::vector<Op> ops;
    for (Index i = 0; i < 200; ++i)
        ops.push_back(info("write", i, i, 1000));
    for (Index i = 0; i < 100; ++i)
        ops.push_back(ok("read", {}, i * 2, 1000 + 2 * i, 1001 + 2 * i));
    CHECK(linearizable(ops).verdict == Verdict::valid);
    ops.push_back(ok("read", {}, 0, 2000, 2001));
    CHECK(linearizable(ops).verdict == Verdict::invalid);
}

TEST_CASE("indeterminate writes that were perhaps used do not multiply the search") {
    // Each read may have seen the indeterminate write of its value or the definite one beside it.
    std::vector<Op> ops;
    for (Index i = 0; i < 14; ++i)
        ops.push_back(info("write", i, i, 90));
    for (Index i = 0; i < 28; ++i) {
        ops.push_back(ok("write", i % 14, {}, 100 + 4 * i, 103 + 4 * i));
        ops.push_back(ok("read", {}, i % 14, 101 + 4 * i, 102 + 4 * i));
    }
    const CheckResult result = linearizable(ops);
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.statistics.at("widest") < Value(40));
}

TEST_CASE("a spent budget of time is unknown, and says where it stopped") {
    // Writes of values that are read in both directions: every subset has to be carried.
    std::vector<Op> ops;
    for (Index i = 0; i < 24; ++i)
        ops.push_back(ok("write", i, {}, i, 2000 + i));
    for (Index i = 0; i < 24; ++i)
        ops.push_back(info("cas", pair(i, (i * 7 + 3) % 24), 100 + i, 200));
    for (Index i = 0; i < 60; ++i)
        ops.push_back(ok("read", {}, (i * 5) % 24, 300 + 2 * i, 301 + 2 * i));
    const std::atomic<bool> expired = true;
    const CheckResult result = linearizable(ops, "cas-register", {.expired = &expired});
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.find("out of time at the return of operation") != std::string::npos);
    REQUIRE(result.findings.size() == 1);
    CHECK(result.findings[0].anomaly == "budget_spent");
    CHECK(result.findings[0].details.at("pending") > Value(0));

    const CheckResult little = linearizable(ops, "cas-register", {.memory_bytes = 1 << 12});
    CHECK(little.verdict == Verdict::unknown);
    CHECK(little.reason.find("out of memory") != std::string::npos);
}

TEST_CASE("an operation that the model does not know is unknown, not a verdict") {
    const CheckResult result = linearizable({ok("cas", pair(1, 2), true, 0, 1)}, "register");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.find("does not fit model register") != std::string::npos);
    CHECK(linearizable({ok("read", {}, 4, 0, 1)}, "versioned-register").verdict ==
          Verdict::unknown);
}

TEST_CASE("a stale read is explained by the write it missed and the fault that was active") {
    std::vector<Op> ops;
    Index t = 0;
    // Noise before it that has nothing to do with it.
    for (int i = 100; i < 140; ++i, t += 4) {
        ops.push_back(ok("write", i, {}, t, t + 1));
        ops.push_back(ok("read", {}, i, t + 2, t + 3));
    }
    const auto write_4 = static_cast<OpId>(ops.size());
    ops.push_back(ok("write", 4, {}, t, t + 1));
    ops.push_back(ok("read", {}, 4, t + 2, t + 3));
    ops.push_back(ok("write", 7, {}, t + 4, t + 5));
    ops.push_back(ok("read", {}, 4, t + 6, t + 7));
    ops.push_back(ok("read", {}, 7, t + 8, t + 9));
    Record record = record_of(ops);
    record.faults = {{.fault = {.id = 3}, .t_started = (t + 3) * millisecond},
                     {.fault = {.id = 4}, .t_started = 0, .t_ended = millisecond},
                     {.fault = {.id = 5}}};
    const CheckResult result = check_with(record, "linearizability");
    REQUIRE(result.verdict == Verdict::invalid);
    REQUIRE(result.findings.size() == 1);
    const Finding& finding = result.findings[0];
    CHECK(finding.anomaly == "nonlinearizable");
    CHECK(finding.key == Value("x"));
    CHECK(finding.ops == std::vector<OpId>{write_4, write_4 + 2, write_4 + 3});
    CHECK(finding.divergence == write_4 + 3);
    CHECK(finding.minimal);
    CHECK(finding.considered_ops == 85);
    CHECK(finding.explained_ops == 83);
    CHECK(finding.details.at("class") == Value("stale_read"));
    CHECK(finding.details.at("missed_write") == Value(write_4 + 2));
    CHECK(finding.details.at("value_writer") == Value(write_4));
    CHECK(finding.details.at("states") == Value(Value::List{7}));
    CHECK(finding.faults == std::vector<FaultId>{3});
    CHECK(result.reason.find("1 of 1 keys") != std::string::npos);
}

namespace {

std::string class_of(const std::vector<Op>& ops, std::string_view model) {
    const CheckResult result = linearizable(ops, model);
    REQUIRE(result.verdict == Verdict::invalid);
    return *result.findings.at(0).details.at("class").text();
}

} // namespace

TEST_CASE("a read of an unfinished write that is then unread is a stale read") {
    const std::vector<Op> ops = {ok("write", 4, {}, 0, 1),
                                 info("write", 7, 2, 3),
                                 ok("read", {}, 7, 4, 5),
                                 ok("read", {}, 4, 6, 7)};
    const Finding finding = linearizable(ops).findings.at(0);
    CHECK(finding.details.at("class") == Value("stale_read"));
    CHECK(finding.details.at("missed_write") == Value(1));
    CHECK(finding.details.at("seen_by") == Value(2));
    CHECK(finding.ops == std::vector<OpId>{0, 1, 2, 3});
}

TEST_CASE("a value that only a failed write wrote is named as such") {
    const std::vector<Op> ops = {failed("write", 5, 0, 1), ok("read", {}, 5, 2, 3)};
    const Finding finding = linearizable(ops).findings.at(0);
    CHECK(finding.details.at("class") == Value("value_never_written"));
    CHECK(finding.details.at("failed_writer") == Value(0));
    CHECK(finding.ops == std::vector<OpId>{1});
}

TEST_CASE("each class of anomaly is recognised") {
    CHECK(class_of({ok("write", 1, {}, 0, 1),
                    ok("cas", pair(1, 2), true, 2, 10),
                    ok("cas", pair(1, 3), true, 3, 9)},
                   "cas-register") == "duplicate_cas");
    CHECK(
        class_of(
            {ok("write", 1, {}, 0, 1), ok("write", 2, {}, 2, 3), ok("cas", pair(1, 3), true, 4, 5)},
            "cas-register") == "lost_update");
    CHECK(class_of({ok("write", 1, pair(1, 1), 0, 5), ok("write", 2, pair(2, 1), 1, 4)},
                   "versioned-register") == "lost_update");
    CHECK(class_of({ok("write", 1, pair(1, 1), 0, 1), ok("read", {}, pair(1, 3), 2, 3)},
                   "versioned-register") == "impossible_version");
    CHECK(class_of({ok("write", 1, pair(1, 1), 0, 1),
                    ok("write", 2, pair(2, 2), 2, 3),
                    ok("read", {}, pair(1, 1), 4, 5)},
                   "versioned-register") == "stale_read");
    CHECK(class_of({ok("write", 1, {}, 0, 1), ok("cas", pair(1, 3), false, 2, 3)},
                   "cas-register") == "nonlinearizable");
}

TEST_CASE("a lost write is a stale read of the state before it") {
    const std::vector<Op> ops = {ok("write", 4, {}, 0, 1), ok("read", {}, {}, 2, 3)};
    const Finding finding = linearizable(ops).findings.at(0);
    CHECK(finding.details.at("class") == Value("stale_read"));
    CHECK(finding.details.at("missed_write") == Value(0));
}

TEST_CASE("of many illegal keys the earliest are reduced, all are named") {
    std::vector<Op> ops;
    for (int key = 0; key < 12; ++key) {
        const Index t = key * 10;
        for (Op op : {ok("write", 1, {}, t, t + 1),
                      ok("write", 2, {}, t + 2, t + 3),
                      ok("read", {}, 1, t + 4, t + 5)}) {
            op.key = key;
            ops.push_back(op);
        }
    }
    const CheckResult result = linearizable(ops);
    REQUIRE(result.findings.size() == 12);
    std::set<std::int64_t> keys;
    for (std::size_t i = 0; i < result.findings.size(); ++i) {
        const Finding& finding = result.findings[i];
        keys.insert(*finding.key.integer());
        CHECK(finding.details.at("reduced") == Value(i < 8));
        CHECK(finding.minimal == (i < 8));
        CHECK(finding.key == Value(static_cast<std::int64_t>(i)));
        CHECK(finding.ops.size() == (i < 8 ? 3U : 1U));
    }
    CHECK(keys.size() == 12);
    CHECK(result.reason.find("12 of 12 keys") != std::string::npos);
    CHECK(result.reason.find("4 not reduced") != std::string::npos);
}

TEST_CASE("a violation outweighs a key that could not be judged") {
    Op strange = ok("append", 1, {}, 10, 11);
    strange.key = "y";
    const CheckResult result = linearizable({ok("read", {}, 0, 0, 1), strange});
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.statistics.at("keys_unknown") == Value(1));
}
