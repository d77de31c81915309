#include "checker/sequential_model.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <array>
#include <atomic>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

/// The example of checker/sequential_model.hpp.
struct Semaphore {
    static constexpr std::string_view name = "semaphore";
    static constexpr std::string_view summary = "two permits: take, give";
    static constexpr std::array operations = {OperationSpec{.f = "take"},
                                              OperationSpec{.f = "give"}};
    using State = int;
    explicit Semaphore(const History&) {}
    static State initial() { return 2; }
    static bool step(State& permits, const ObjectOp& op) {
        permits += op.f == 0 ? -1 : 1;
        return permits >= 0 && permits <= 2;
    }
    static std::uint64_t hash(State permits) { return static_cast<std::uint64_t>(permits); }
    static bool observes(const ObjectOp&) { return false; }
};

Judgement judge_semaphore(const std::vector<Op>& ops) {
    const SequentialModel<Semaphore> model;
    const History history = to_history(ops);
    const auto read = read_object_ops(history, history.ops_of_key(0), model);
    REQUIRE(read.ok());
    return model.judge(
        {.history = history, .ops = *read}, Budget{}, {.witness = true, .explanation = true});
}

} // namespace

TEST_CASE("a model of one's own is judged, with a witness") {
    const Judgement judgement = judge_semaphore({ok("take", {}, {}, 0, 1),
                                                 ok("take", {}, {}, 2, 3),
                                                 ok("take", {}, {}, 4, 7),
                                                 ok("give", {}, {}, 5, 6)});
    CHECK(judgement.verdict == Verdict::valid);
    CHECK(judgement.order == std::vector<OpId>{0, 1, 3, 2});
}

TEST_CASE("a model of one's own is judged, with the operation that does not fit") {
    const Judgement judgement = judge_semaphore({ok("take", {}, {}, 0, 1),
                                                 ok("take", {}, {}, 2, 3),
                                                 ok("take", {}, {}, 4, 5),
                                                 ok("give", {}, {}, 6, 7)});
    CHECK(judgement.verdict == Verdict::invalid);
    CHECK(judgement.divergence == 2);
    CHECK(judgement.explained == 2);
    REQUIRE(judgement.certificate.has_value());
    CHECK(judgement.certificate->minimal);
}

TEST_CASE("an operation that an object does not know is named, with those that it knows") {
    const History history = to_history({ok("push", 1, {}, 0, 1)});
    const auto read = read_object_ops(history, history.ops_of_key(0), SequentialModel<Semaphore>());
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message ==
          "operation 0 (push 1 → absent) does not fit model semaphore: expected take → null or the "
          "argument, give → null or the argument");
}

TEST_CASE("an object that takes too long is unknown, with what was pending") {
    std::vector<Op> ops;
    Index at = 0;
    std::int64_t delta = 2;
    for (int i = 0; i < 16; ++i, delta *= 2)
        ops.push_back(info("add", delta, at++, 0));
    ops.push_back(ok("read", {}, 1, at, at + 1));
    const std::atomic<bool> expired = true;
    const CheckResult result = linearizable(ops, "counter", {.expired = &expired});
    CHECK(result.verdict == Verdict::unknown);
    CHECK(result.reason.find("out of time at the return of operation 16") != std::string::npos);
    CHECK(result.findings.at(0).anomaly == "budget_spent");
    CHECK(result.findings.at(0).divergence == 16);
}

TEST_CASE("objects of one history are judged apart, and so are elements of one set") {
    std::vector<Op> ops = {ok("add", 1, {}, 0, 1),
                           ok("add", 2, {}, 2, 3),
                           ok("contains", 1, false, 4, 5),
                           ok("contains", 2, true, 6, 7)};
    const CheckResult result = linearizable(ops, "set");
    CHECK(result.verdict == Verdict::invalid);
    CHECK(result.statistics.at("parts") == Value(2));
    REQUIRE(result.findings.size() == 1);
    CHECK(result.findings[0].ops == std::vector<OpId>{0, 2});
    CHECK(result.findings[0].details.at("class") == Value("lost_element"));
}
