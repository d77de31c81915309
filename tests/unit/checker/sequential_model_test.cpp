#include "checker/sequential_model.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/object_agreement.hpp"
#include "tests/unit/checker/story.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
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

/// A counter that says where a read has been passed, rightly or with a mistake.
enum class Passes : std::uint8_t { rightly, too_early, in_spite_of_negative };
template <Passes passes>
struct Tally {
    static constexpr std::string_view name = "counter";
    static constexpr std::string_view summary = "add, read";
    static constexpr std::array operations = {
        OperationSpec{.f = "add", .argument = ValueShape::integer},
        OperationSpec{.f = "read", .result = ValueShape::integer}};
    using State = std::int64_t;
    explicit Tally(const History& history) : history_(&history) {}
    static State initial() { return 0; }
    bool step(State& sum, const ObjectOp& op) const {
        if (op.f == 1) return sum == number(op.result);
        sum += number(op.arg);
        return true;
    }
    static std::uint64_t hash(State sum) { return static_cast<std::uint64_t>(sum); }
    static bool observes(const ObjectOp& op) { return op.f == 1; }
    void prepare(std::span<const ObjectOp> ops) {
        for (const ObjectOp& op : ops)
            grows_ = grows_ && (op.f == 1 || number(op.arg) >= 0);
    }
    [[nodiscard]] bool passed(State sum, const ObjectOp& op) const {
        const bool grows = grows_ || passes == Passes::in_spite_of_negative;
        const State seen = number(op.result);
        return op.f == 1 && grows && (passes == Passes::too_early ? sum + 1 >= seen : sum > seen);
    }

private:
    [[nodiscard]] State number(Symbol symbol) const { return *history_->value(symbol).integer(); }
    const History* history_;
    bool grows_ = true;
};

template <Passes passes>
int wrong_verdicts() {
    const SequentialModel<Tally<passes>> model;
    Rng rng(8);
    int wrong = 0;
    for (const RandomObjectOptions& options : object_histories("counter")) {
        for (int i = 0; i < 300; ++i) {
            const std::vector<Op> ops = random_object_operations(rng, options);
            const History history = to_history(ops);
            const auto read = read_object_ops(history, history.ops_of_key(0), model);
            const Verdict verdict =
                model.judge({.history = history, .ops = *read}, Budget{}, {}).verdict;
            const bool legal = brute_force_object(ops, "counter");
            wrong += verdict == (legal ? Verdict::valid : Verdict::invalid) ? 0 : 1;
        }
    }
    return wrong;
}

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

TEST_CASE("a search that sees where it went too far agrees with brute force") {
    CHECK(wrong_verdicts<Passes::rightly>() == 0);
}
TEST_CASE("planted mistake: a search turns back one step before it arrives") {
    CHECK(wrong_verdicts<Passes::too_early>() > 0);
}
TEST_CASE("planted mistake: a search does not see that sums can fall") {
    CHECK(wrong_verdicts<Passes::in_spite_of_negative>() > 0);
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
    ops.push_back(ok("read", {}, 65'537, at, at + 1));
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
