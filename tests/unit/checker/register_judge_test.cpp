#include "checker/depth_first_search.hpp"
#include "checker/frontier_search.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/register_judge.hpp"
#include "checker/register_proof.hpp"
#include "checker/search_ways.hpp"
#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/brute_force.hpp"
#include "tests/unit/checker/random_history.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>
#include <vector>

// Every way to judge a register against brute force on the same random histories.

using namespace faultlab;

namespace {

struct Tally {
    int legal = 0;
    int illegal = 0;
    std::array<int, 4> by_method = {};
    int found = 0;    ///< legal, and an order was found depth first
    int narrowed = 0; ///< a narrow search could not decide it
    int wrong = 0;
    std::string first;
};

KeyOps read(const std::vector<Op>& ops, std::string_view model) {
    const History history = to_history(ops);
    return read_key_ops(
               history, history.ops_of_key(0), *register_model(model), LinearizabilityRules{})
        .value();
}

void compare(RegisterJudge& judge, const RandomHistoryOptions& options, Rng& rng, Tally& tally) {
    const std::vector<Op> ops = random_operations(rng, options);
    const std::vector<RegisterOp> key = read(ops, options.model).ops;
    const bool expected = brute_force_linearizable(ops, options.model);
    ++(expected ? tally.legal : tally.illegal);
    const Verdict verdict = expected ? Verdict::valid : Verdict::invalid;

    const RegisterJudgement judgement = judge.judge(key, Budget{});
    ++tally.by_method[static_cast<std::size_t>(judgement.method)];
    bool right = judgement.verdict == verdict;
    if (!judgement.certificate.empty())
        right = right && certificate_refutes(key, judgement.certificate);
    right = right && search_order(key, LinearizabilityRules{}, Budget{}).verdict == verdict;
    for (const std::size_t width : {1U, 2U}) {
        const auto narrow = search_order_within(key, LinearizabilityRules{}, width, Budget{});
        tally.narrowed += narrow ? 0 : 1;
        right = right && (!narrow || narrow->verdict == verdict);
    }
    const FoundOrder found = find_order(key, 100'000, Budget{});
    if (found.order) {
        ++tally.found;
        right = right && expected && witness_is_legal(key, *found.order);
    }
    if (right || tally.wrong++ > 0) return;
    tally.first = (expected ? "legal" : "illegal") + describe(ops);
}

std::vector<RandomHistoryOptions> shapes(std::string_view model) {
    std::vector<RandomHistoryOptions> all;
    for (const std::uint64_t info : {0, 15, 50}) {
        for (const std::int64_t values : {2, 4}) {
            for (const bool weak : {false, true}) {
                all.push_back({.model = model,
                               .processes = 2 + values,
                               .values = values,
                               .weak_cas = weak,
                               .info_percent = info,
                               .corrupt_percent = 70});
            }
        }
        all.push_back({.model = model,
                       .processes = 4,
                       .unique = true,
                       .weak_cas = info == 15,
                       .info_percent = info,
                       .corrupt_percent = 75});
    }
    return all;
}

Tally compare_all(std::string_view model, int each, std::uint64_t seed) {
    Tally tally;
    Rng rng(seed);
    RegisterJudge judge;
    for (const RandomHistoryOptions& options : shapes(model)) {
        for (int i = 0; i < each; ++i)
            compare(judge, options, rng, tally);
    }
    return tally;
}

void expect_agreement(std::string_view model, int each) {
    const Tally tally = compare_all(model, each, 20250102);
    INFO("first disagreement: " << tally.first);
    CHECK(tally.wrong == 0);
    CHECK(tally.legal > 4 * each);
    CHECK(tally.illegal > 3 * each);
    CHECK(tally.narrowed > 0);
    // Depth first may miss an order; then the frontier decides. It must be seldom.
    CHECK(tally.found > tally.legal - tally.legal / 200);
}

} // namespace

TEST_CASE("every way to judge a register agrees with brute force") {
    expect_agreement("register", 800);
}
TEST_CASE("every way to judge a cas-register agrees with brute force") {
    expect_agreement("cas-register", 800);
}
TEST_CASE("every way to judge a versioned register agrees with brute force") {
    expect_agreement("versioned-register", 800);
}
namespace {

class Threads : public Workers {
public:
    [[nodiscard]] std::size_t count() const override { return 4; }
    void run(const std::function<void()>& body) const override {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < count(); ++i)
            threads.emplace_back(body);
    }
};

} // namespace

TEST_CASE("threads change nothing about what is found") {
    Rng rng(12);
    std::vector<Op> ops;
    Index shift = 0;
    for (int key = 0; key < 600; ++key) {
        Index end = shift;
        for (Op op :
             random_operations(rng, {.max_ops = 40, .processes = 4, .corrupt_percent = 10})) {
            op.key = key;
            op.inv_index += shift;
            end = std::max(end, op.inv_index);
            if (op.ret_index != never) end = std::max(end, op.ret_index += shift);
            ops.push_back(op);
        }
        shift = end + 1;
    }
    REQUIRE(ops.size() > 5'000); // fewer are judged in one thread
    const Threads threads;
    const CheckResult alone = linearizable(ops);
    const CheckResult together = linearizable(ops, "cas-register", {.workers = &threads});
    CHECK(alone.verdict == Verdict::invalid);
    CHECK(together.verdict == alone.verdict);
    CHECK(together.reason == alone.reason);
    CHECK(together.statistics == alone.statistics);
    REQUIRE(together.findings.size() == alone.findings.size());
    for (std::size_t i = 0; i < alone.findings.size(); ++i) {
        CHECK(together.findings[i].key == alone.findings[i].key);
        CHECK(together.findings[i].ops == alone.findings[i].ops);
        CHECK(together.findings[i].details == alone.findings[i].details);
    }
}

TEST_CASE("threads that share a frontier agree with brute force") {
    Rng rng(31);
    const Threads threads;
    const Budget shared{.workers = &threads};
    for (int i = 0; i < 500; ++i) {
        const std::vector<Op> ops =
            random_operations(rng, {.processes = 4, .values = 2, .info_percent = 30});
        const bool expected = brute_force_linearizable(ops, "cas-register");
        INFO(describe(ops));
        const auto key = read(ops, "cas-register").ops;
        REQUIRE(search_order_together(key, LinearizabilityRules{}, shared).verdict ==
                (expected ? Verdict::valid : Verdict::invalid));
    }
}

TEST_CASE("threads that share a wide frontier stop where one would") {
    Rng rng(32);
    const Threads threads;
    std::int64_t widest = 0;
    int illegal = 0;
    for (int i = 0; i < 60; ++i) {
        const std::vector<Op> ops = random_operations(
            rng,
            {.max_ops = 80, .processes = 24, .values = 4, .info_percent = 35, .fail_percent = 0});
        const auto key = read(ops, "cas-register").ops;
        const SearchOutcome alone = search_order(key, LinearizabilityRules{}, Budget{});
        const SearchOutcome together =
            search_order_together(key, LinearizabilityRules{}, Budget{.workers = &threads});
        INFO(describe(ops));
        REQUIRE(together.verdict == alone.verdict);
        REQUIRE(together.stopped_at == alone.stopped_at);
        widest = std::max(widest, together.widest);
        illegal += together.verdict == Verdict::invalid ? 1 : 0;
    }
    CHECK(widest > 100);
    CHECK(illegal > 5);
}

TEST_CASE("threads that share a frontier stop together when the time is over") {
    Rng rng(33);
    const Threads threads;
    const std::atomic<bool> expired = true;
    const auto key = read(random_operations(rng,
                                            {.max_ops = 400,
                                             .processes = 14,
                                             .values = 5,
                                             .info_percent = 20,
                                             .corrupt_percent = 0}),
                          "cas-register")
                         .ops;
    const SearchOutcome outcome = search_order_together(
        key, LinearizabilityRules{}, Budget{.expired = &expired, .workers = &threads});
    CHECK(outcome.verdict == Verdict::unknown);
    CHECK(outcome.why.find("out of time at the return of operation") != std::string::npos);
    CHECK_FALSE(outcome.pending.empty());
}

TEST_CASE("a million random registers", "[.][at_length]") {
    expect_agreement("register", 67'000);
}
TEST_CASE("a million random registers with cas", "[.][at_length]") {
    expect_agreement("cas-register", 67'000);
}
TEST_CASE("a million random registers with versions", "[.][at_length]") {
    expect_agreement("versioned-register", 67'000);
}
