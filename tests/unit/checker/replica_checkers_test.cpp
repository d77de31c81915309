#include "checker/judge.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/record_builder.hpp"

#include <string>

using namespace faultlab;
using faultlab::test::RecordBuilder;

namespace {

CheckResult check_with(const Record& record, const std::string& checker) {
    return judge_one(record, {.name = checker}, {});
}

void say_digest(
    RecordBuilder& run, double t, NodeId node, std::int64_t op, const std::string& digest) {
    run.event(t, node, "digest", {{"op", op}, {"digest", Value(digest)}});
}

/// What a replica says of itself at one moment.
struct Word {
    std::int64_t term = 3;
    std::int64_t commit = 100;
    std::int64_t applied = 100;
    std::int64_t normal = 1;
};

void say(RecordBuilder& run, double t, NodeId node, const Word& word) {
    run.sample(t, node, "term", word.term)
        .sample(t, node, "commit", word.commit)
        .sample(t, node, "applied", word.applied)
        .sample(t, node, "normal", word.normal);
}

/// A run with one fault, healed at 1 s, after which all is well, but for what `last` says of n3 at
/// the end.
RecordBuilder healed_run(const Word& last) {
    RecordBuilder run;
    run.fault("kill", "kill n3", {2}, 500, 1000, {}).event(1200, no_node, "recovered", {});
    for (const double t : {500.0, 1500.0, 2500.0}) {
        for (NodeId node = 0; node < 3; ++node)
            say(run, t, node, {});
    }
    say(run, 3600, 0, {});
    say(run, 3600, 1, {});
    say(run, 3600, 2, last);
    return run;
}

CheckResult converged(const RecordBuilder& run) {
    const CheckResult result = check_with(run.build(), "convergence");
    CHECK((result.verdict == Verdict::valid) == result.reason.empty());
    CHECK((result.verdict == Verdict::invalid) == !result.findings.empty());
    return result;
}

} // namespace

TEST_CASE("how long a replica may lag is for the one who asks to say") {
    RecordBuilder run = healed_run({});
    for (NodeId node = 0; node < 3; ++node)
        say(run, 3800, node, {.commit = node == 2 ? 100 : 120, .applied = node == 2 ? 100 : 120});
    for (NodeId node = 0; node < 3; ++node)
        say(run, 4200, node, {.commit = node == 2 ? 100 : 120, .applied = node == 2 ? 100 : 120});
    const Record record = run.build();
    CHECK(check_with(record, "convergence").verdict == Verdict::valid);
    const CheckResult strict =
        judge_one(record, {.name = "convergence", .options = {{"lag_ms", "300"}}}, {});
    CHECK(strict.verdict == Verdict::invalid);
    CHECK(strict.reason == "n3 knows 100 committed; n1 120 300 ms before");
}

TEST_CASE("the first view of a later epoch is newer than the last of the one before") {
    RecordBuilder run;
    run.fault("kill", "kill n3", {2}, 500, 1000, {}).event(1200, no_node, "recovered", {});
    for (const double t : {500.0, 1500.0, 2500.0, 3600.0}) {
        for (NodeId node = 0; node < 3; ++node) {
            const bool later = t > 2000 && !(t > 3000 && node == 2);
            say(run, t, node, {.term = later ? 0 : 7});
            run.sample(t, node, "epoch", later ? 1 : 0);
        }
    }
    const CheckResult result = converged(run);
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.reason == "n3 is in view 0.7; n1 was in view 1.0 a second before");
}

TEST_CASE("equal digests at equal ops agree, whatever was published between") {
    RecordBuilder run;
    say_digest(run, 1, 0, 16, "aa");
    say_digest(run, 2, 1, 16, "aa");
    say_digest(run, 3, 0, 32, "bb");
    say_digest(run, 4, 2, 48, "cc");
    const CheckResult result = check_with(run.build(), "digest-agreement");
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.statistics.at("ops") == Value(3));
    CHECK(result.statistics.at("ops_compared") == Value(1));
}

TEST_CASE("different digests at one op are a violation, told of the first such op") {
    RecordBuilder run;
    say_digest(run, 1, 0, 16, "aa");
    say_digest(run, 2, 1, 16, "aa");
    say_digest(run, 3, 2, 64, "dd");
    say_digest(run, 4, 0, 64, "ee");
    say_digest(run, 5, 1, 32, "bb");
    say_digest(run, 6, 2, 32, "b0");
    const CheckResult result = check_with(run.build(), "digest-agreement");
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.reason == "after op 32 the state of n2 has the digest bb, that of n3 b0");
    REQUIRE(result.findings.size() == 1);
    CHECK(result.findings[0].details.at("op") == Value(32));
    CHECK(result.findings[0].details.at("node") == Value(1));
    CHECK(result.findings[0].details.at("other_node") == Value(2));
    CHECK(result.statistics.at("ops_different") == Value(2));
}

TEST_CASE("a replica that came to another state after its restart is a violation") {
    RecordBuilder run;
    say_digest(run, 1, 0, 16, "aa");
    say_digest(run, 9, 0, 16, "ab");
    CHECK(check_with(run.build(), "digest-agreement").verdict == Verdict::invalid);
}

TEST_CASE("digests that nobody can compare prove nothing") {
    RecordBuilder none;
    CHECK(check_with(none.build(), "digest-agreement").verdict == Verdict::unknown);
    RecordBuilder run;
    say_digest(run, 1, 0, 16, "aa");
    say_digest(run, 2, 1, 32, "bb");
    say_digest(run, 3, 0, 16, "aa");
    const CheckResult result = check_with(run.build(), "digest-agreement");
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason == "no two replicas published the digest of a common op");
}

TEST_CASE("one replica agrees with itself, and the result says how little that is") {
    RecordBuilder run;
    run.record().cluster.nodes.resize(1);
    CHECK(check_with(run.build(), "digest-agreement").verdict == Verdict::unknown);
    say_digest(run, 1, 0, 16, "aa");
    const CheckResult result = check_with(run.build(), "digest-agreement");
    CHECK(result.verdict == Verdict::valid);
    CHECK(result.reason == "one replica: nothing to compare but its own lives");
    CHECK(result.statistics.at("ops_compared") == Value(0));
    say_digest(run, 9, 0, 16, "ab");
    CHECK(check_with(run.build(), "digest-agreement").verdict == Verdict::invalid);
}

TEST_CASE("one replica has converged when it serves again and knows what it knew") {
    RecordBuilder run;
    run.record().cluster.nodes.resize(1);
    run.fault("kill", "kill n1", {0}, 500, 1000, {}).event(1200, no_node, "recovered", {});
    for (const double t : {400.0, 1500.0, 2500.0})
        say(run, t, 0, {});
    CHECK(converged(run).verdict == Verdict::valid);
    say(run, 3600, 0, {.commit = 99});
    CHECK(converged(run).verdict == Verdict::invalid);
}

TEST_CASE("replicas that end with the same have converged") {
    CHECK(converged(healed_run({})).verdict == Verdict::valid);
    // The last moments are not held against a replica that was asked a little earlier.
    RecordBuilder busy = healed_run({});
    say(busy, 3700, 0, {.commit = 180, .applied = 180});
    CHECK(converged(busy).verdict == Verdict::valid);
}

TEST_CASE("a replica that stays behind has not converged") {
    CHECK(converged(healed_run({.commit = 99})).reason ==
          "n3 knows 99 committed; n1 100 a second before");
    CHECK(converged(healed_run({.applied = 40})).reason ==
          "n3 has applied 40; n1 committed 100 a second before");
    const CheckResult view = converged(healed_run({.term = 2}));
    CHECK(view.verdict == Verdict::invalid);
    CHECK(view.reason == "n3 is in view 2; n1 was in view 3 a second before");
    CHECK(view.findings.at(0).details.at("node") == Value(2));
}

TEST_CASE("a view that a replica alone had entered is over when it loses its disk") {
    const auto lone_view = [](const char* fault, double stated) {
        RecordBuilder run;
        run.fault(fault, "n1", {0}, 500, 1000, {}).event(1200, no_node, "recovered", {});
        say(run, stated, 0, {.term = 4, .normal = 0});
        for (const double t : {1500.0, 2500.0, 3600.0}) {
            for (NodeId node = 0; node < 3; ++node)
                say(run, t, node, {});
        }
        return run;
    };
    CHECK(converged(lone_view("lost-disk", 400)).verdict == Verdict::valid);
    CHECK(converged(lone_view("kill", 400)).verdict == Verdict::invalid);
    CHECK(converged(lone_view("lost-disk", 700)).verdict == Verdict::invalid); // stated since
}

TEST_CASE("a replica that does not become normal has not converged") {
    RecordBuilder run = healed_run({.normal = 0});
    say(run, 3700, 2, {.normal = 0});
    CHECK(converged(run).reason == "n3 did not become normal");
}

TEST_CASE("a replica that dies after the heal has not converged") {
    RecordBuilder run = healed_run({});
    run.event(3650, 2, "died", {});
    CHECK(converged(run).reason == "n3 ended by itself after the last heal");
}

TEST_CASE("a cluster that does not serve again has not converged, however alike its replicas") {
    RecordBuilder run = healed_run({});
    run.record().events.clear();
    run.event(1200, no_node, "not_recovered", {{"reason", "n1 was not ready after 30 s"}});
    const CheckResult result = converged(run);
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.reason == "n1 was not ready after 30 s");
}

TEST_CASE("convergence cannot be judged without a heal, an end, or telemetry") {
    RecordBuilder never_healed = healed_run({});
    never_healed.fault("pause", "pause n1", {0}, 900, -1, {});
    CHECK(converged(never_healed).reason == "a fault was never healed");

    RecordBuilder cut_short = healed_run({.commit = 1});
    cut_short.record().events.clear();
    CHECK(converged(cut_short).verdict == Verdict::unknown);

    RecordBuilder silent = healed_run({});
    std::erase_if(silent.record().samples, [](const Sample& sample) { return sample.node == 1; });
    CHECK(converged(silent).reason == "n2 was not heard of after the last heal");

    RecordBuilder fell_silent = healed_run({});
    say(fell_silent, 6000, 0, {});
    say(fell_silent, 6000, 1, {});
    CHECK(converged(fell_silent).reason == "n3 was not heard of to the end");

    RecordBuilder other_system = healed_run({});
    std::erase_if(other_system.record().samples,
                  [](const Sample& sample) { return sample.metric == "normal"; });
    CHECK(converged(other_system).verdict == Verdict::unknown);

    RecordBuilder too_short;
    too_short.event(1200, no_node, "recovered", {});
    for (NodeId node = 0; node < 3; ++node)
        say(too_short, 1500, node, {});
    CHECK(converged(too_short).verdict == Verdict::unknown);
}
