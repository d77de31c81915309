#include "reports/machine.hpp"
#include "reports/story.hpp"
#include "reports/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/record_builder.hpp"
#include "tests/unit/reports/samples.hpp"

#include <algorithm>

using namespace faultlab;

namespace {

std::string fact(const Story& story, const std::string& label) {
    for (const StoryFact& fact : story.facts) {
        if (fact.label != label) continue;
        std::string text;
        for (const std::string& line : fact.lines)
            text += line + "\n";
        return text;
    }
    return {};
}

} // namespace

TEST_CASE("a stale read is told with the write it missed, the fault and the new leader") {
    const Story story = test::stale_read().story();
    CHECK(story.outcome == Outcome::invalid);
    CHECK(story.headline == "register is not linearizable on key k17");
    CHECK(story.sentence == "Read of k17 by client 7 returned 4 although the write of 7 by client "
                            "5 had already been acknowledged 38 ms earlier.");
    REQUIRE(story.steps.size() == 5);
    CHECK(story.steps[1].kind == StoryStep::Kind::fault);
    CHECK(story.steps[1].remark == "214 packets dropped");
    CHECK(story.steps[2].action == "becomes leader, term 9");
    CHECK(story.steps[2].remark == "n1 still believes that it leads term 8");
    CHECK(story.steps[3].remark == "after this, 4 must never be read");
    CHECK(story.steps[4].divergent);
    CHECK(story.steps[4].remark == "no order of 1, 4 and 5 explains this");
}

TEST_CASE("a checker that failed is told as a failure of the lab, unless there is a violation") {
    test::Judged run = test::valid_run();
    run.results.push_back({.checker = "set",
                           .reason = "the checker failed: broken on purpose",
                           .statistics = {{"error", true}}});
    CHECK(run.story().outcome == Outcome::error);
    CHECK(run.story().sentence == "Set: the checker failed: broken on purpose.");
    test::Judged invalid = test::stale_read();
    invalid.results.push_back(run.results.back());
    CHECK(invalid.story().outcome == Outcome::invalid);
    REQUIRE(invalid.story().notes.size() == 1);
    CHECK(invalid.story().notes[0].starts_with("The lab failed too (set: the checker failed"));
}

TEST_CASE("minimality is claimed only when the finding proves it") {
    test::Judged run = test::stale_read();
    CHECK(run.story().caption.find("can be removed") != std::string::npos);
    run.results[1].findings[0].minimal = false;
    CHECK(run.story().caption.find("can be removed") == std::string::npos);
}

TEST_CASE("without the missed write in the details the story finds it in the counterexample") {
    test::Judged run = test::stale_read();
    const std::string told = run.story().sentence;
    run.results[1].findings[0].details.erase("missed_write");
    CHECK(run.story().sentence == told);
    run.results[1].findings[0].details["missed_write"] = 99'999;
    CHECK(run.story().sentence == told);
}

TEST_CASE("a finding without details, operations or sense is still told") {
    test::Judged run = test::stale_read();
    Finding& finding = run.results[1].findings[0];
    finding.details = {};
    CHECK(run.story().sentence.find("No order of these 3 operations on key k17") == 0);
    finding.ops = {-5, 1'000'000};
    finding.divergence = 77'777;
    CHECK_FALSE(run.story().sentence.empty());
    CHECK(run.story().steps.empty());
    run.results[1].findings = {};
    CHECK(run.story().sentence == "No order of the operations explains every answer.");
}

TEST_CASE("a violation wins over a failed lab, and a failed lab over a pass") {
    test::Judged bad = test::stale_read();
    bad.context.lab_error = "disk full";
    CHECK(bad.story().outcome == Outcome::invalid);
    CHECK(bad.story().notes.size() == 1);
    test::Judged good = test::valid_run();
    CHECK(good.story().outcome == Outcome::valid);
    good.context.lab_error = "disk full";
    CHECK(good.story().outcome == Outcome::error);
}

TEST_CASE("a run that nobody judged is unknown") {
    test::Judged run = test::valid_run();
    run.results.clear();
    CHECK(run.story().outcome == Outcome::unknown);
    CHECK(run.story().reason == "no checker has judged this record yet");
}

TEST_CASE("every unmet line of the evidence floor is a reason of its own") {
    const std::string reasons = fact(test::unknown_floor().story(), "REASONS");
    CHECK(std::ranges::count(reasons, '\n') == 2);
    const std::string error = fact(test::unknown_floor().story(), "MOST FREQUENT ERROR");
    CHECK(error == "connection refused (27 times)\n");
}

TEST_CASE("the simplest finding is told and the others are counted") {
    test::Judged run = test::stale_read();
    Finding longer = run.results[1].findings[0];
    longer.key = "k3";
    longer.ops = {0, 1, 2, 3, 4};
    run.results[1].findings.insert(run.results[1].findings.begin(), longer);
    const Story story = run.story();
    CHECK(story.finding->key == Value("k17"));
    CHECK(fact(story, "ALSO FOUND") == "1 more finding, on k3\n");
}

TEST_CASE("a reduced finding is told before a whole one, and a doubt never") {
    test::Judged run = test::stale_read();
    Finding whole = run.results[1].findings[0];
    whole.key = "k3";
    whole.ops = {4};
    whole.details = {{"reduced", false}};
    Finding doubt = whole;
    doubt.anomaly = "budget_spent";
    doubt.details = {};
    run.results[1].findings.push_back(whole);
    run.results[1].findings.push_back(doubt);
    const Story story = run.story();
    CHECK(story.finding->key == Value("k17"));
    CHECK(story.other_findings == 1);
}

TEST_CASE("what saw the impossible is marked, also where the search stopped elsewhere") {
    test::Judged run = test::stale_read();
    run.results[1].findings[0].details["observer"] = 2;
    run.results[1].findings[0].divergence = 1;
    const Story story = run.story();
    CHECK(story.steps.back().divergent);
    CHECK(story.sentence.find("client 7 returned 4") != std::string::npos);
    CHECK(fact(story, "FIRST DIVERGENCE").starts_with("12.341 s, operation #1"));
}

TEST_CASE("a first divergence that is not known is not told") {
    test::Judged run = test::stale_read();
    Finding& finding = run.results[1].findings[0];
    const std::string known = fact(run.story(), "FIRST DIVERGENCE");
    finding.details["first_divergence_unknown"] = true;
    CHECK(fact(run.story(), "FIRST DIVERGENCE") == "not known; of the operations shown: " + known);
    CHECK(render_json(run.record, run.results, run.context).find(R"("first_divergence": null)") !=
          std::string::npos);
}

TEST_CASE("a divergence that is no part of the proof is not counted among what it needs") {
    test::Judged run = test::stale_read();
    Finding& finding = run.results[1].findings[0];
    finding.minimal = true;
    std::erase(finding.ops, finding.divergence);
    CHECK(run.story().caption.find("no operation but the divergence can be removed") !=
          std::string::npos);
}

TEST_CASE("a fault that ended before the counterexample is not blamed") {
    test::Judged run = test::stale_read();
    run.record.faults[0].t_started = 1 * second;
    run.record.faults[0].t_ended = 2 * second;
    run.results[1].findings[0].faults = {};
    CHECK(std::ranges::count(run.story().steps, StoryStep::Kind::fault, &StoryStep::kind) == 0);
    CHECK(fact(run.story(), "FAULTS ACTIVE") == "none at that moment\n");
    CHECK(fact(run.story(), "LIKELY CLASS").find("partition") == std::string::npos);
}

TEST_CASE("a long counterexample is cut in the middle and keeps its divergence") {
    test::RecordBuilder builder;
    for (int i = 0; i < 100; ++i)
        builder.op({1, 0, "write", "k", i, {}, i * 10.0, i * 10.0 + 5});
    test::Judged run{.record = builder.build()};
    Finding finding{.anomaly = "nonlinearizable", .divergence = 99};
    for (OpId id = 0; id < 100; ++id)
        finding.ops.push_back(id);
    run.results = {{.checker = "linearizability", .verdict = Verdict::invalid}};
    run.results[0].findings = {finding};
    const Story story = run.story();
    CHECK(story.steps.size() < 40);
    CHECK(story.steps.back().divergent);
    CHECK(story.caption.find("left out here") != std::string::npos);
}

TEST_CASE("a record of a killed lab says so") {
    test::Judged run = test::valid_run();
    run.record.meta.erase("ended");
    REQUIRE(run.story().notes.size() == 1);
    CHECK(run.story().notes[0].find("killed") != std::string::npos);
}

TEST_CASE("a run with planted bugs says so, and whether they fired") {
    test::Judged run = test::stale_read();
    CHECK(fact(run.story(), "PLANTED BUGS").empty());
    run.record.plan.options["bug"] = "V11,F6,V1";
    CHECK(fact(run.story(), "PLANTED BUGS") == "F6: no replica said whether it fired\n"
                                               "V1: no replica said whether it fired\n"
                                               "V11: no replica said whether it fired\n");
    const auto say = [&run](NodeId node, std::int32_t life, const char* metric, std::int64_t n) {
        run.record.samples.push_back(
            {.t = 1, .node = node, .incarnation = life, .metric = metric, .value = n});
    };
    // Two lives of n1, and n2: the last word of each counts.
    say(0, 0, "fired.V11", 1);
    say(0, 0, "fired.V11", 4);
    say(0, 1, "fired.V11", 2);
    say(1, 0, "fired.V11", 1);
    say(1, 0, "fired.F6a", 1);
    say(1, 0, "fired.F6b", 0);
    const Story story = run.story();
    CHECK(fact(story, "PLANTED BUGS") == "F6a fired once\n"
                                         "F6b never fired: no outcome differed because of it\n"
                                         "V1: no replica said whether it fired\n"
                                         "V11 fired 7 times\n");
    CHECK(story.run_line.find("planted bugs F6a, F6b, V1 and V11") != std::string::npos);
}

TEST_CASE("of a history that no run left only what it holds is told") {
    test::Judged run = test::valid_run();
    run.record.plan = {};
    run.record.plan.workload = "register";
    const Story story = run.story();
    CHECK(story.headline == "register: no violation");
    CHECK(story.run_line.find("node") == std::string::npos);
    CHECK(story.run_line.find("operations") != std::string::npos);
}

TEST_CASE("what went wrong with a map is told in its own words") {
    const Story scan = test::stale_scan().story();
    CHECK(scan.sentence ==
          "The scan from k1 to k9 by client 6 returned [[\"k2\",4]] although the write of 7 by "
          "client 2 had already been acknowledged 170 ms earlier.");
    const Story addition = test::lost_addition().story();
    CHECK(addition.sentence ==
          "The addition of 2 to k2 by client 6 and the addition of 3 to k2 by client 2 were both "
          "made on the same value: one replaced the other unseen.");
    const Story key = test::resurrected_key().story();
    CHECK(key.sentence == "Read of k2 by client 6 returned 4 although the delete of k2 by client 2 "
                          "had already been acknowledged 170 ms earlier: the key came back.");
    const Story half = test::half_visible_transaction().story();
    CHECK(half.headline == "register is not linearizable on keys k2 and k3");
    CHECK(half.sentence ==
          "The transaction (read k2 → 4, read k3 → absent) by client 6 succeeded: a part of the "
          "transaction (write k2 := 4, append \"x\" to k3) by client 1 was seen without the rest.");
    const Story impossible = test::impossible_answer().story();
    CHECK(impossible.sentence == "The append of \"x\" to k2 by client 1 returned \"xy\": no state "
                                 "of the map gives such an answer.");
}

TEST_CASE("the operations of a map are told step by step") {
    const auto actions = [](const Story& story) {
        std::vector<std::string> all;
        for (const StoryStep& step : story.steps) {
            if (step.kind == StoryStep::Kind::operation) all.push_back(step.action);
        }
        return all;
    };
    CHECK(actions(test::lost_addition().story()) ==
          std::vector<std::string>{"add 1 to k2 → 1", "add 3 to k2 → 4", "add 2 to k2 → 3"});
    CHECK(actions(test::stale_scan().story())[2] == "scan k1 to k9 → [[\"k2\",4]]");
    CHECK(actions(test::resurrected_key().story())[1] == "delete k2");
    CHECK(actions(test::half_visible_transaction().story())[0] ==
          "transaction: write k2 := 4, append \"x\" to k3");
    CHECK(actions(test::impossible_answer().story())[0] == "append \"x\" to k2 → \"xy\"");
    for (const StoryStep& step : test::resurrected_key().story().steps) {
        if (step.kind == StoryStep::Kind::operation && step.id == 1)
            CHECK(step.remark == "after this, the key is absent");
    }
}
