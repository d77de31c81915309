#include "checker/known_outcomes.hpp"
#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

Verdict verdict_of(const History& history) {
    Record record;
    record.history = history;
    return check_with(record, "linearizability", {{"model", "cas-register"}}).verdict;
}

KnownOutcomes taken_in(const History& history, const LoggedOutcomes& logged) {
    auto known = with_logged_outcomes(history, logged);
    INFO((known ? "" : known.error().message));
    REQUIRE(known);
    return std::move(*known);
}

/// What really happened in a run of one register, and what its clients and its log say of it.
struct Run {
    std::vector<Op> ops;
    LoggedOutcomes logged;
};

/// Operations take effect one a step, at odd times, in the order of the log; their invocations and
/// returns lie around that. Some clients never learn what came of theirs, and of these some took no
/// effect at all.
Run random_run(Rng& rng) {
    struct Told {
        Op op;
        std::int64_t position = -1;
        Value ret;
    };
    std::vector<Told> told;
    Value state;
    const auto steps = static_cast<std::int64_t>(rng.below(10)) + 2;
    for (std::int64_t step = 0; step < steps; ++step) {
        const Index at = step * 100 + 50;
        const bool takes_effect = rng.below(8) != 0;
        const bool unknown = !takes_effect || rng.below(3) == 0;
        const auto kind = rng.below(3);
        const Value value = static_cast<std::int64_t>(rng.below(3));
        Told one;
        one.op = op_at(unknown ? OpStatus::info : OpStatus::ok,
                       kind == 0   ? "read"
                       : kind == 1 ? "write"
                                   : "cas",
                       {},
                       {},
                       at - static_cast<Index>(rng.below(300)) - 1,
                       at + static_cast<Index>(rng.below(300)) + 1);
        if (kind == 0) one.ret = state;
        if (kind == 1) one.op.arg = value;
        if (kind == 2) {
            const Value from = static_cast<std::int64_t>(rng.below(3));
            one.op.arg = pair(from, value);
            one.ret = state == from;
        }
        if (takes_effect) {
            one.position = step;
            if (kind == 1 || (kind == 2 && one.ret == Value(true))) state = value;
        }
        if (!unknown) one.op.ret = one.ret;
        told.push_back(std::move(one));
    }
    // Every event has an index of its own: by time, and where two are equal by operation.
    std::vector<std::pair<Index, Index*>> events;
    for (Told& one : told) {
        events.emplace_back(one.op.inv_index, &one.op.inv_index);
        if (one.op.ret_index != never) events.emplace_back(one.op.ret_index, &one.op.ret_index);
    }
    std::ranges::stable_sort(events, {}, [](const auto& event) { return event.first; });
    for (std::size_t i = 0; i < events.size(); ++i)
        *events[i].second = static_cast<Index>(i);
    std::ranges::sort(told, {}, [](const Told& one) { return one.op.inv_index; });
    Run run;
    for (const Told& one : told) {
        const auto id = static_cast<OpId>(run.ops.size());
        run.ops.push_back(one.op);
        if (one.op.f == "read") continue; // is in no log of writes
        if (one.position < 0) {
            run.logged.absent.push_back(id);
        } else {
            run.logged.executed.push_back({.op = id, .position = one.position, .ret = one.ret});
        }
    }
    std::ranges::sort(run.logged.executed, {}, &LoggedOutcomes::Executed::position);
    return run;
}

} // namespace

TEST_CASE("what is in no log, or was refused there, did not happen") {
    const History history =
        to_history({info("write", 1, 0, 1), info("write", 2, 2, 3), ok("read", {}, {}, 4, 5)});
    const KnownOutcomes known =
        taken_in(history, {.executed = {{.op = 1, .position = 0, .done = false}}, .absent = {0}});
    CHECK(known.unknown == 2);
    CHECK(known.without_effect == std::vector<OpId>{0, 1});
    CHECK(known.bounded.empty());
    CHECK(known.history.status()[0] == OpStatus::fail);
    CHECK(known.history.status()[1] == OpStatus::fail);
}

TEST_CASE("what is in the log happened before the next operation that a client saw done") {
    // The write of 1 was acknowledged to nobody, and lost: only the log can tell.
    const std::vector<Op> ops = {
        info("write", 1, 0, 1), ok("cas", pair(5, 6), false, 2, 3), ok("read", {}, {}, 4, 5)};
    CHECK(linearizable(ops).verdict == Verdict::valid);
    const LoggedOutcomes logged = {
        .executed = {{.op = 0, .position = 0}, {.op = 1, .position = 1, .ret = false}}};
    const KnownOutcomes known = taken_in(to_history(ops), logged);
    CHECK(known.bounded == std::vector<OpId>{0});
    CHECK(known.history.status()[0] == OpStatus::ok);
    CHECK(known.history.ret_index()[0] < known.history.ret_index()[1]);
    CHECK(known.history.inv_index()[1] < known.history.ret_index()[0]);
    CHECK(known.history.t_ret()[0] == known.history.t_ret()[1]);
    CHECK(verdict_of(known.history) == Verdict::invalid);
}

TEST_CASE("an operation that nothing follows in the log stays indeterminate") {
    const History history = to_history({ok("write", 1, {}, 0, 1), info("write", 2, 2, 3)});
    const KnownOutcomes known =
        taken_in(history, {.executed = {{.op = 0, .position = 0}, {.op = 1, .position = 1}}});
    CHECK(known.bounded.empty());
    CHECK(known.without_effect.empty());
    CHECK(known.history.status()[1] == OpStatus::info);
    CHECK(known.history.ret_index()[1] == never);
}

TEST_CASE("a bounded compare-and-set has the answer that the log gives it") {
    const History history = to_history(
        {ok("write", 1, {}, 0, 1), info("cas", pair(1, 2), 2, 3), ok("write", 3, {}, 4, 5)});
    const KnownOutcomes known = taken_in(history,
                                         {.executed = {{.op = 0, .position = 0},
                                                       {.op = 1, .position = 4, .ret = true},
                                                       {.op = 2, .position = 7}}});
    CHECK(known.history.op(1).status == OpStatus::ok);
    CHECK(known.history.op(1).ret == Value(true));
}

TEST_CASE("a log that contradicts the clients is not used") {
    const std::vector<Op> ops = {ok("write", 1, {}, 0, 1),
                                 failed("write", 2, 2, 3),
                                 ok("write", 3, {}, 4, 5),
                                 info("write", 4, 6, 7)};
    const auto refused = [&](const LoggedOutcomes& logged) {
        const auto known = with_logged_outcomes(to_history(ops), logged);
        REQUIRE_FALSE(known);
        CHECK(known.error().kind == ErrorKind::lab);
        return known.error().message;
    };
    CHECK(refused({.absent = {0, 3}}) == "operation 0 (write) was seen done, and is in no log");
    CHECK(refused({.executed = {{.op = 0, .position = 0, .done = false}}, .absent = {3}}) ==
          "operation 0 (write) was done for its client, and refused in the log");
    CHECK(refused({.executed = {{.op = 1, .position = 0}}, .absent = {3}}) ==
          "operation 1 (write) failed for its client, and was done in the log");
    CHECK(refused(
              {.executed = {{.op = 2, .position = 0}, {.op = 0, .position = 1}}, .absent = {3}}) ==
          "operation 0 (write) returned before operation 2 (write) was invoked, and comes after it "
          "in the log");
}

TEST_CASE("a log without an operation whose value was read is not used") {
    const History history = to_history(
        {info("write", 1, 0, 1), info("cas", pair(1, 2), 2, 3), ok("read", {}, 2, 4, 5)});
    CHECK(with_logged_outcomes(history, {.absent = {1}}).error().message ==
          "operation 2 (read) read what only operation 1 (cas) wrote, which is in no log");
    CHECK(with_logged_outcomes(history, {.absent = {0}}));
    const History other = to_history({ok("cas", pair(1, 2), true, 0, 1)});
    CHECK(with_logged_outcomes(other, {.executed = {{.op = 0, .position = 0, .ret = false}}})
              .error()
              .message == "operation 0 (cas) has another result in the log than its client saw");
}

TEST_CASE("a true log makes no run invalid, and decides what it can") {
    std::size_t bounded = 0;
    std::size_t without_effect = 0;
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Rng rng(seed);
        const Run run = random_run(rng);
        INFO("seed " << seed);
        REQUIRE(linearizable(run.ops).verdict == Verdict::valid);
        const KnownOutcomes known = taken_in(to_history(run.ops), run.logged);
        REQUIRE(verdict_of(known.history) == Verdict::valid);
        bounded += known.bounded.size();
        without_effect += known.without_effect.size();
    }
    CHECK(bounded > 1000);
    CHECK(without_effect > 1000);
}
