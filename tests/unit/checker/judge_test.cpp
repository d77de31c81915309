#include "checker/judge.hpp"
#include "core/check.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

/// A record that meets every line of the evidence floor.
Record enough() {
    std::vector<Op> ops;
    for (Index i = 0; i < 60; ++i) {
        ops.push_back(ok("write", i, {}, 4 * i, 4 * i + 1));
        ops.push_back(ok("read", {}, i, 4 * i + 2, 4 * i + 3));
    }
    Record record = record_of(ops);
    record.plan.nemeses = {"kill"};
    record.faults = {{.fault = {.nemesis = "kill"},
                      .t_started = 10 * millisecond,
                      .t_ended = 20 * millisecond,
                      .evidence = {{.phase = EvidencePhase::during, .proves = true}}}};
    return record;
}

std::string floor_reason(const Record& record) {
    const CheckResult result = check_with(record, "evidence-floor");
    CHECK((result.verdict == Verdict::valid) == result.reason.empty());
    CHECK(result.findings.empty() == result.reason.empty());
    CHECK(result.verdict != Verdict::invalid);
    return result.reason;
}

} // namespace

TEST_CASE("a record with enough evidence is above the floor") {
    CHECK(floor_reason(enough()).empty());
}

TEST_CASE("a run that was cut short is below the floor") {
    Record record = enough();
    record.run_id = "9f3c";
    CHECK(floor_reason(record) == "the lab was killed before the run ended");
    record.meta["ended"] = "interrupted";
    CHECK(floor_reason(record) == "the run was not completed: interrupted");
    record.meta["ended"] = "complete";
    CHECK(floor_reason(record).empty());
}

TEST_CASE("too few ok operations are below the floor") {
    Record record = enough();
    record.plan.floor.ok_ops = 121;
    CHECK(floor_reason(record) == "120 ok operations of 121 needed");
}

TEST_CASE("too few ok operations of one kind are below the floor") {
    Record record = enough();
    record.plan.floor.ok_ops_each_f = 61;
    CHECK(floor_reason(record) == "60 ok read of 61 needed; 60 ok write of 61 needed");
}

TEST_CASE("too small a share of ok operations is below the floor") {
    std::vector<Op> ops;
    for (Index i = 0; i < 300; ++i) {
        ops.push_back(i % 30 == 0 ? ok("read", {}, {}, 2 * i, 2 * i + 1)
                                  : info("read", {}, 2 * i, 2 * i + 1));
    }
    Record record = record_of(ops);
    record.plan.floor.ok_ops = 10;
    CHECK(floor_reason(record) == "3 % of the operations were ok, 5 % needed");
    record.plan.floor.ok_percent = 3;
    CHECK(floor_reason(record).empty());
}

TEST_CASE("keys that nobody read after the last heal are below the floor") {
    Record record = enough();
    record.faults[0].t_ended = second;
    CHECK(floor_reason(record) == "after the last heal 0 of 1 written keys were read, 90 % needed");
    record.faults[0].t_ended = -1;
    CHECK(floor_reason(record) ==
          "a fault was never healed, so nothing was read after the last heal");
}

TEST_CASE("scans and transactions are on no key that has to be read") {
    std::vector<Op> ops;
    for (Index i = 0; i < 200; ++i) {
        ops.push_back(i % 4 == 0   ? ok("write", i, true, 2 * i, 2 * i + 1)
                      : i % 4 == 1 ? ok("read", {}, i - 1, 2 * i, 2 * i + 1)
                      : i % 4 == 2 ? ok("scan", pair("a", "z"), Value::List{}, 2 * i, 2 * i + 1)
                                   : ok("txn", Value::Transaction{}, {}, 2 * i, 2 * i + 1));
        if (i % 4 > 1) ops.back().key = {};
    }
    const CheckResult result = check_with(record_of(ops), "evidence-floor");
    CHECK(result.reason.empty());
    CHECK(result.statistics.at("keys_written") == Value(1));
}

TEST_CASE("a swap wrote its key, whatever it found there") {
    const CheckResult result =
        check_with(record_of({ok("swap", 1, false, 0, 1)}), "evidence-floor");
    CHECK(result.statistics.at("keys_written") == Value(1));
}

TEST_CASE("a fault whose injection never finished has to be healed like any other") {
    const auto reason_with = [](FaultRecord unfinished) {
        Record record = enough();
        record.faults.push_back(std::move(unfinished));
        return floor_reason(record);
    };
    // The lab died between the intent and the end of the injection, or neither it nor the heal went
    // through.
    for (const FaultState state : {FaultState::injecting, FaultState::failed}) {
        CHECK(reason_with({.fault = {.nemesis = "kill"}, .state = state}) ==
              "a fault was never healed, so nothing was read after the last heal");
    }
    // What was injected in part was healed, and the reads came before that.
    CHECK(reason_with(
              {.fault = {.nemesis = "kill"}, .state = FaultState::failed, .t_ended = second}) ==
          "after the last heal 0 of 1 written keys were read, 90 % needed");
    CHECK(reason_with({.fault = {.nemesis = "kill"},
                       .state = FaultState::failed,
                       .t_ended = 20 * millisecond})
              .empty());
}

TEST_CASE("a requested fault without proof of effect is below the floor") {
    Record record = enough();
    record.faults[0].evidence[0].proves = false;
    CHECK(floor_reason(record) == "no kill is proven to have taken effect");
    record.plan.nemeses.clear();
    CHECK(floor_reason(record).empty());
    record.plan.nemeses = {"kill"};
    record.plan.floor.every_fault_effective = false;
    CHECK(floor_reason(record).empty());
}

TEST_CASE("an empty record is below the floor") {
    CHECK_FALSE(floor_reason(Record{}).empty());
}

TEST_CASE("stats count outcomes and measure latency from the intended start") {
    std::vector<Op> ops;
    for (Index i = 0; i < 100; ++i) {
        Op op = ok("read", {}, {}, 1000 * i, 1000 * i + i + 1);
        op.t_due -= millisecond; // sent one millisecond late
        ops.push_back(op);
    }
    ops.push_back(info("write", 1, 200'000, 200'001));
    ops.push_back(ok("write", 1, {}, 200'002, 200'003));
    ops.push_back(failed("write", 1, 200'004, 200'005));
    ops.push_back(op_at(OpStatus::open, "write", 1, {}, 200'006, 0));
    const CheckResult result = check_with(record_of(ops), "stats");
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.statistics.at("read.ok") == Value(100));
    CHECK(result.statistics.at("write.ok") == Value(1));
    CHECK(result.statistics.at("write.fail") == Value(1));
    CHECK(result.statistics.at("write.info") == Value(1));
    CHECK(result.statistics.at("write.open") == Value(1));
    CHECK(result.statistics.at("read.latency_p50_ns") == Value(51 * millisecond));
    CHECK(result.statistics.at("read.latency_p99_ns") == Value(100 * millisecond));
    CHECK(result.statistics.at("read.latency_max_ns") == Value(101 * millisecond));
}

TEST_CASE("an operation kind that never succeeded is unknown") {
    const CheckResult result =
        check_with(record_of({ok("read", {}, {}, 0, 1), info("cas", pair(1, 2), 2, 3)}), "stats");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "no cas succeeded");
    CHECK(check_with(Record{}, "stats").verdict == Verdict::unknown);
}

TEST_CASE("judging adds stats and the evidence floor, once") {
    const Record record = enough();
    const std::vector<CheckerRequest> requests = {{.name = "linearizability"}, {.name = "stats"}};
    const auto results = judge(record, requests, Budget{});
    REQUIRE(results.size() == 3);
    CHECK(results[0].checker == "linearizability");
    CHECK(results[1].checker == "stats");
    CHECK(results[2].checker == "evidence-floor");
    CHECK(overall(results) == Verdict::valid);
    CHECK_FALSE(lab_failed(results));
}

TEST_CASE("a checker that cannot be made is an error of the lab, and the others judge") {
    const Record record = enough();
    const std::vector<CheckerRequest> requests = {
        {.name = "linearisability"}, {.name = "linearizability", .options = {{"model", "heap"}}}};
    const auto results = judge(record, requests, Budget{});
    REQUIRE(results.size() == 4);
    CHECK(results[0].verdict == Verdict::unknown);
    CHECK(results[0].statistics.at("error") == Value(true));
    CHECK(results[0].reason.find("linearizability") != std::string::npos);
    CHECK(results[1].reason.find("cannot be 'heap'") != std::string::npos);
    CHECK(results[2].verdict == Verdict::valid);
    CHECK(overall(results) == Verdict::unknown);
    CHECK(lab_failed(results));
}

TEST_CASE("a checker that throws is an error of the lab, with its reason") {
    class Throwing : public Checker {
    public:
        [[nodiscard]] CheckResult check(const Record&, const Budget&) const override {
            throw Bug("broken on purpose");
        }
    };
    constexpr CheckerEntry entry = {.name = "throwing",
                                    .summary = "throws",
                                    .options = [] { return std::vector<OptionSpec>{}; },
                                    .make = [](const Options&) -> Result<std::unique_ptr<Checker>> {
                                        return std::unique_ptr<Checker>(
                                            std::make_unique<Throwing>());
                                    }};
    const CheckResult result = judge_with(entry, {}, enough(), Budget{});
    CHECK(result.checker == "throwing");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "the checker failed: broken on purpose");
    CHECK(result.statistics.at("error") == Value(true));
}

TEST_CASE("the worst verdict wins") {
    const auto with = [](Verdict verdict) { return CheckResult{.verdict = verdict}; };
    CHECK(overall({}) == Verdict::unknown);
    CHECK(overall(std::vector{with(Verdict::valid), with(Verdict::unknown)}) == Verdict::unknown);
    CHECK(overall(std::vector{with(Verdict::invalid), with(Verdict::unknown)}) == Verdict::invalid);
}

TEST_CASE("every checker of the catalogue can be made and says what it is") {
    for (const CheckerEntry& entry : checker_catalogue()) {
        CHECK_FALSE(entry.summary.empty());
        CHECK(entry.make({}).ok());
        CHECK_FALSE(entry.make({{"no-such-option", "1"}}).ok());
    }
}
