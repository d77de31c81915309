#include "checker/judge.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/record_builder.hpp"

#include <string>

using namespace faultlab;
using faultlab::test::RecordBuilder;

namespace {

CheckResult judged(const RecordBuilder& run) {
    return judge_one(run.build(), {.name = "invariants"}, {});
}

/// What replicas say without an error: the second begins a new life with less.
RecordBuilder calm() {
    RecordBuilder run;
    for (const double t : {100.0, 200.0}) {
        for (NodeId node = 0; node < 2; ++node) {
            run.sample(t, node, "term", 4)
                .sample(t, node, "head", 20)
                .sample(t, node, "commit", 10)
                .sample(t, node, "applied", 10);
        }
    }
    run.event(210, 0, "digest", {{"op", 8}, {"digest", Value("ab")}});
    run.event(220, 1, "digest", {{"op", 8}, {"digest", Value("ab")}});
    return run;
}

} // namespace

TEST_CASE("the rules that a record can show are judged, the others named", "[checker]") {
    const CheckResult result = judged(calm());
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.reason.empty());
    CHECK(result.statistics.at("held") == Value("S6 (8), S7 (4), S10 (4), S12 (1)"));
    CHECK(result.statistics.at("broken") == Value(""));
    CHECK(*result.statistics.at("not_judged").text() ==
          "S1, S2, S3, S4, S5, S8, S9, S11, S12b, S13, S14, S15, S16, S17, S18, S20, S22, A4, A5, "
          "A6, A7, A8, A9, L1, L2, L3, L4, L5, L6, L7, L8, O5, O6, R1, halt");
}

TEST_CASE("a record that shows nothing is judged by no rule", "[checker]") {
    const CheckResult result = judged(RecordBuilder());
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "the record shows nothing that any rule is about");
}

TEST_CASE("a broken rule says who broke it, when and how often", "[checker]") {
    RecordBuilder run = calm();
    run.sample(300, 1, "term", 3).sample(300, 1, "commit", 9).sample(400, 1, "commit", 8);
    const CheckResult result = judged(run);
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.reason == "S7: replica n2 let its commit number fall from 10 to 9");
    REQUIRE(result.findings.size() == 2);
    const Params& first = result.findings.front().details;
    CHECK(first.at("rule") == Value("S7"));
    CHECK(first.at("node") == Value(1));
    CHECK(first.at("t_ns") == Value(300 * millisecond));
    CHECK(first.at("times") == Value(2));
    CHECK(*result.findings.back().details.at("what").text() ==
          "replica n2 shows view 0.3 after 0.4");
    CHECK(result.statistics.at("broken") == Value("S7 (2), S10 (1)"));
}

TEST_CASE("replicas that differ after one op, and two that lead one term", "[checker]") {
    RecordBuilder run = calm();
    run.event(
        230, 1, "digest", {{"op", 16}, {"digest", Value("00000000000000010000000000000002")}});
    run.event(
        240, 0, "digest", {{"op", 16}, {"digest", Value("00000000000000010000000000000003")}});
    CHECK(judged(run).reason == "S12: replica n1 has another state than others after op 16");
    RecordBuilder two;
    for (NodeId node = 0; node < 2; ++node)
        two.sample(100, node, "term", 4)
            .sample(100, node, "role", 2)
            .sample(100, node, "normal", 1);
    CHECK(judged(two).reason == "S9: replica n2 leads view 0.4, as another one does");
}

TEST_CASE("a refused message of a fork is an alarm, another one is not", "[checker]") {
    RecordBuilder run = calm();
    run.event(230, 1, "rejected", {{"why", Value("epoch")}, {"sender", 2}});
    CHECK(judged(run).verdict == Verdict::valid);
    run.event(240, 1, "rejected", {{"why", Value("fork")}, {"sender", 2}});
    CHECK(judged(run).reason == "A6: replica n2 refuses a message of n3: fork");
}

TEST_CASE("liveness is judged where no fault lasts, once it is known how long things take",
          "[checker]") {
    // A leader is found within 8 s.
    const Params setup{{"repair_ms", 5'000}, {"silence_ms", 1'000}, {"view_change_ms", 1'000}};
    const auto leaderless = [](double from, double to) {
        RecordBuilder run;
        for (double t = from; t <= to; t += 500) {
            for (NodeId node = 0; node < 3; ++node)
                run.sample(t, node, "term", 4).sample(t, node, "role", 1);
        }
        return run;
    };
    CHECK(judged(leaderless(500, 9'000)).verdict == Verdict::valid); // S10, and nothing of liveness
    RecordBuilder long_enough = leaderless(500, 9'000);
    long_enough.event(100, 0, "setup", setup);
    CHECK(judged(long_enough).reason ==
          "L2: nobody leads for 8000 ms although nothing is disturbed");
    RecordBuilder too_short = leaderless(500, 8'500);
    too_short.event(100, 0, "setup", setup);
    CHECK(judged(too_short).verdict == Verdict::valid);
    RecordBuilder disturbed = leaderless(500, 9'000);
    disturbed.event(100, 0, "setup", setup).fault("partition", "n1 cut off", {0}, 600, 2'000, {});
    CHECK(judged(disturbed).verdict == Verdict::valid);
    const Value unjudged = judged(disturbed).statistics.at("not_judged");
    CHECK(unjudged.text()->find("L2") != std::string::npos);
}

TEST_CASE("what was seen while a simulation ran counts, and tells first", "[checker]") {
    RecordBuilder run = calm();
    run.event(150, no_node, "alarm", {{"rule", Value("S4")}, {"what", Value("n1 lacks op 9")}});
    run.sample(300, 1, "commit", 9);
    const CheckResult result = judged(run);
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.reason == "S4: n1 lacks op 9");
    REQUIRE(result.findings.size() == 2);
    CHECK(result.findings.front().details.at("name") == Value("leader-completeness"));
    CHECK(result.findings.back().details.at("rule") == Value("S7"));
    CHECK(result.statistics.at("broken") == Value("S4 (1), S7 (1)"));
}

TEST_CASE("an alarm of no rule of the catalogue counts all the same", "[checker]") {
    RecordBuilder run;
    run.event(150, no_node, "alarm", {{"rule", Value("L1")}, {"what", Value("c1 waits")}});
    CHECK(judged(run).reason == "L1: c1 waits");
}
