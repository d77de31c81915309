#include "checker/certificate.hpp"
#include "checker/counterexample.hpp"
#include "checker/linearizability_rules.hpp"
#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/random_history.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

using namespace faultlab;

namespace {

std::vector<RegisterOp> register_ops(const History& history, RegisterModel model) {
    return read_key_ops(history, history.ops_of_key(0), model, LinearizabilityRules{}).value().ops;
}

/// Longer and more orderly than those that brute force judges: there is something to remove.
RandomHistoryOptions longer(std::string_view model) {
    return {.model = model, .max_ops = 14, .values = 4, .info_percent = 12, .corrupt_percent = 40};
}

/// Whatever is struck from a legal history, what supported_subset leaves must be legal: otherwise a
/// counterexample would prove nothing.
void expect_sound_removal(std::string_view model) {
    Rng rng(7);
    RandomHistoryOptions options = longer(model);
    options.corrupt_percent = 0;
    int smaller = 0;
    for (int i = 0; i < 20'000; ++i) {
        const History history = to_history(random_operations(rng, options));
        const auto ops = register_ops(history, *register_model(model));
        std::vector<bool> kept(ops.size());
        for (std::size_t k = 0; k < kept.size(); ++k)
            kept[k] = rng.chance(3, 4);
        const auto rest = supported_subset(ops, kept, *register_model(model));
        const bool removed = std::ranges::count_if(rest, &RegisterOp::updates) !=
                             std::ranges::count_if(ops, &RegisterOp::updates);
        smaller += removed && !rest.empty() ? 1 : 0;
        REQUIRE(judge_subset(rest, removed, *register_model(model), Budget{}) == Verdict::valid);
    }
    CHECK(smaller > 10'000);
}

/// Whether striking one more operation, and what then loses its support, leaves it illegal.
bool can_be_smaller(const History& history, const Finding& finding, RegisterModel model) {
    const auto all = find_divergence(register_ops(history, model), Budget{}).value().ops;
    for (const OpId gone : finding.ops) {
        std::vector<bool> kept;
        for (const RegisterOp& op : all) {
            const bool cited = std::ranges::find(finding.ops, op.id) != finding.ops.end();
            kept.push_back(cited && op.id != gone);
        }
        std::vector<OpId> rest;
        for (const RegisterOp& op : supported_subset(all, kept, model))
            rest.push_back(op.id);
        if (certificate_is_illegal(history, rest, finding.divergence, model)) return true;
    }
    return false;
}

void expect_good_counterexamples(std::string_view model) {
    Rng rng(11);
    int illegal = 0;
    int without_divergence = 0;
    std::size_t largest = 0;
    for (int i = 0; i < 3'000; ++i) {
        const std::vector<Op> ops = random_operations(rng, longer(model));
        const CheckResult result = linearizable(ops, model);
        if (result.verdict != Verdict::invalid) continue;
        ++illegal;
        const History history = to_history(ops);
        const Finding& finding = result.findings.at(0);
        largest = std::max(largest, finding.ops.size());
        REQUIRE(finding.minimal);
        REQUIRE(std::ranges::is_sorted(finding.ops));
        // What shows it is no part of it where it only told that it had not explained the others.
        const bool part = std::ranges::find(finding.ops, finding.divergence) != finding.ops.end();
        without_divergence += part ? 0 : 1;
        if (finding.ops.size() > 10) continue;
        REQUIRE(certificate_is_illegal(
            history, finding.ops, finding.divergence, *register_model(model)));
        REQUIRE_FALSE(can_be_smaller(history, finding, *register_model(model)));
    }
    INFO("largest " << largest);
    CHECK(illegal > 300);
    CHECK(without_divergence < illegal / 10);
    CHECK(largest <= 10);
}

} // namespace

TEST_CASE("removing operations from a legal cas-register history leaves it legal") {
    expect_sound_removal("cas-register");
}
TEST_CASE("removing operations from a legal versioned history leaves it legal") {
    expect_sound_removal("versioned-register");
}
TEST_CASE("counterexamples of a register are illegal alone and minimal") {
    expect_good_counterexamples("register");
}
TEST_CASE("counterexamples of a cas-register are illegal alone and minimal") {
    expect_good_counterexamples("cas-register");
}
TEST_CASE("counterexamples of a versioned register are illegal alone and minimal") {
    expect_good_counterexamples("versioned-register");
}
