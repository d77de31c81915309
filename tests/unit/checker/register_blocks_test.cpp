#include "checker/linearizability_rules.hpp"
#include "checker/register_blocks.hpp"
#include "checker/register_proof.hpp"
#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/brute_force.hpp"
#include "tests/unit/checker/random_history.hpp"

#include <exception>
#include <string>
#include <vector>

// The fast path against brute force on random histories; every verdict comes with its proof, which
// is checked by itself. Then the fast path with one of its licences withdrawn: a reference that
// would not notice a mistake is worth nothing.

using namespace faultlab;

namespace {

using Answer = RegisterBlocks::Answer;

struct Tally {
    int legal = 0;
    int illegal = 0;
    int not_applicable = 0;
    int wrong_verdicts = 0;
    int wrong_proofs = 0;
    std::size_t longest_certificate = 0;
    std::string first;
};

void compare(RegisterBlocks& blocks, const RandomHistoryOptions& options, Rng& rng, Tally& tally) {
    const std::vector<Op> ops = random_operations(rng, options);
    const History history = to_history(ops);
    const auto key = read_key_ops(
        history, history.ops_of_key(0), *register_model(options.model), LinearizabilityRules{});
    const bool expected = brute_force_linearizable(ops, options.model);
    const Answer answer = blocks.judge(key->ops);
    bool proven = true;
    if (answer == Answer::not_applicable) {
        ++tally.not_applicable;
        return;
    }
    if (answer == Answer::legal) {
        ++tally.legal;
        proven = witness_is_legal(key->ops, blocks.witness());
    } else {
        ++tally.illegal;
        proven = certificate_refutes(key->ops, blocks.certificate());
        tally.longest_certificate =
            std::max(tally.longest_certificate, blocks.certificate().size());
    }
    const bool wrong = expected != (answer == Answer::legal);
    tally.wrong_verdicts += wrong ? 1 : 0;
    tally.wrong_proofs += proven ? 0 : 1;
    if ((!wrong && proven) || !tally.first.empty()) return;
    tally.first = (expected ? "legal" : "illegal") + describe(ops);
}

/// Shapes between which the fast path's cases are all frequent.
std::vector<RandomHistoryOptions> shapes() {
    std::vector<RandomHistoryOptions> all;
    for (const std::string_view model : {"register", "cas-register"}) {
        for (const std::uint64_t info : {0, 20, 60}) {
            for (const std::uint64_t corrupt : {0, 50, 90}) {
                for (const bool weak : {true, false}) {
                    all.push_back({.model = model,
                                   .processes = 4,
                                   .unique = true,
                                   .weak_cas = weak,
                                   .info_percent = info,
                                   .corrupt_percent = corrupt});
                }
            }
        }
        all.push_back({.model = model, .values = 9, .weak_cas = true});
    }
    return all;
}

Tally compare_all(int each, const BlockLicences& licences, std::uint64_t seed) {
    Tally tally;
    Rng rng(seed);
    RegisterBlocks blocks(licences);
    for (const RandomHistoryOptions& options : shapes()) {
        for (int i = 0; i < each; ++i) {
            try {
                compare(blocks, options, rng, tally);
            } catch (const std::exception&) {
                ++tally.wrong_verdicts; // it noticed by itself that something cannot be
            }
        }
    }
    return tally;
}

void expect_agreement(int each) {
    const Tally tally = compare_all(each, {}, 20250101);
    INFO("first disagreement: " << tally.first);
    CHECK(tally.wrong_verdicts == 0);
    CHECK(tally.wrong_proofs == 0);
    CHECK(tally.legal > 8 * each);
    CHECK(tally.illegal > 6 * each);
    CHECK(tally.not_applicable < 15 * each);
    CHECK(tally.longest_certificate >= 5);
}

void expect_caught(const BlockLicences& wrong) {
    const Tally tally = compare_all(600, wrong, 5);
    CHECK(tally.wrong_verdicts + tally.wrong_proofs > 0);
}

} // namespace

TEST_CASE("blocks agree with brute force, and prove each verdict") {
    expect_agreement(1'000);
}
TEST_CASE("blocks agree with brute force on a million histories", "[.][at_length]") {
    expect_agreement(40'000);
}

TEST_CASE("planted mistake in blocks: an open cas saw nothing") {
    expect_caught({.open_cas_observes = false});
}
TEST_CASE("planted mistake in blocks: chains do not keep time") {
    expect_caught({.chains_keep_time = false});
}
TEST_CASE("planted mistake in blocks: two cas consume one value") {
    expect_caught({.consumes_once = false});
}
TEST_CASE("planted mistake in blocks: a cycle of cas is legal") {
    expect_caught({.cycles_are_illegal = false});
}
TEST_CASE("planted mistake in blocks: blocks do not keep time") {
    expect_caught({.blocks_keep_time = false});
}
TEST_CASE("planted mistake in blocks: open operations return") {
    expect_caught({.open_ops_stay_open = false});
}
TEST_CASE("planted mistake in blocks: nothing was there at first") {
    expect_caught({.initial_is_written = false});
}
TEST_CASE("planted mistake in blocks: unseen open writes happened") {
    expect_caught({.unseen_open_vanish = false});
}
TEST_CASE("planted mistake in blocks: a failed cas saw nothing") {
    expect_caught({.failed_cas_observe = false});
}
