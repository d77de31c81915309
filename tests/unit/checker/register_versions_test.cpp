#include "checker/linearizability_rules.hpp"
#include "checker/register_proof.hpp"
#include "checker/register_versions.hpp"
#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/brute_force.hpp"
#include "tests/unit/checker/random_history.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

// The fast path of registers with versions against brute force on random histories; every verdict
// comes with its proof, which is checked by itself. Then the fast path with one of its licences
// withdrawn: a reference that would not notice a mistake is worth nothing.

using namespace faultlab;

namespace {

using Answer = RegisterVersions::Answer;

struct Tally {
    int legal = 0;
    int illegal = 0;
    int undecided = 0;
    int wrong_verdicts = 0;
    int wrong_proofs = 0;
    std::size_t longest_certificate = 0;
    std::string first;
};

void compare(RegisterVersions& judge, const RandomHistoryOptions& options, Rng& rng, Tally& tally) {
    const std::vector<Op> ops = random_operations(rng, options);
    const History history = to_history(ops);
    const auto key = read_key_ops(
        history, history.ops_of_key(0), RegisterModel::versioned, LinearizabilityRules{});
    const Answer answer = judge.judge(key->ops);
    if (answer == Answer::undecided) {
        ++tally.undecided;
        return;
    }
    bool proven = true;
    if (answer == Answer::legal) {
        ++tally.legal;
        proven = witness_is_legal(key->ops, judge.witness());
    } else {
        ++tally.illegal;
        proven = certificate_refutes(key->ops, judge.certificate());
        tally.longest_certificate = std::max(tally.longest_certificate, judge.certificate().size());
    }
    const bool expected = brute_force_linearizable(ops, options.model);
    const bool wrong = expected != (answer == Answer::legal);
    tally.wrong_verdicts += wrong ? 1 : 0;
    tally.wrong_proofs += proven ? 0 : 1;
    if ((!wrong && proven) || !tally.first.empty()) return;
    tally.first = (expected ? "legal" : "illegal") + std::string(proven ? "" : ", not proven") +
                  describe(ops);
    for (const std::uint32_t i : judge.certificate())
        tally.first += "\ncited " + std::to_string(key->ops[i].id);
}

/// Shapes between which the fast path's cases are all frequent.
std::vector<RandomHistoryOptions> shapes() {
    std::vector<RandomHistoryOptions> all;
    for (const std::uint64_t info : {0, 15, 40}) {
        for (const std::uint64_t corrupt : {0, 50, 90}) {
            for (const bool unique : {true, false}) {
                for (const std::uint64_t untold : {0, 25}) {
                    all.push_back({.model = "versioned-register",
                                   .processes = 4,
                                   .unique = unique,
                                   .info_percent = info,
                                   .corrupt_percent = corrupt,
                                   .untold_percent = untold});
                }
            }
        }
    }
    return all;
}

Tally compare_all(int each, const VersionLicences& licences, std::uint64_t seed) {
    Tally tally;
    Rng rng(seed);
    RegisterVersions judge(licences);
    for (const RandomHistoryOptions& options : shapes()) {
        for (int i = 0; i < each; ++i) {
            try {
                compare(judge, options, rng, tally);
            } catch (const std::exception&) {
                ++tally.wrong_verdicts; // it noticed by itself that something cannot be
            }
        }
    }
    return tally;
}

void expect_agreement(int each) {
    const Tally tally = compare_all(each, {}, 20261128);
    INFO("first disagreement: " << tally.first);
    INFO("undecided " << tally.undecided << ", legal " << tally.legal << ", illegal "
                      << tally.illegal);
    CHECK(tally.wrong_verdicts == 0);
    CHECK(tally.wrong_proofs == 0);
    CHECK(tally.legal > 12 * each);
    CHECK(tally.illegal > 9 * each);
    CHECK(tally.undecided < 2 * each);
    CHECK(tally.longest_certificate >= 3);
}

void expect_caught(const VersionLicences& wrong) {
    const Tally tally = compare_all(600, wrong, 5);
    CHECK(tally.wrong_verdicts + tally.wrong_proofs > 0);
}

} // namespace

TEST_CASE("versions agree with brute force, and prove each verdict") {
    expect_agreement(400);
}
TEST_CASE("versions agree with brute force on a million histories", "[.][at_length]") {
    expect_agreement(30'000);
}

TEST_CASE("failed cas that push each other are cited one by one") {
    // Version 2 begins before 5, because of the first failed cas, and would have to end before 7,
    // because of the second one; but it is read after 8.
    const auto update = [](Index inv, Index ret, std::uint64_t version) {
        return RegisterOp{.id = inv,
                          .inv = inv,
                          .ret = ret,
                          .action = RegisterAction::write,
                          .value = static_cast<ValueId>(version),
                          .version = version,
                          .step = 1};
    };
    const auto failed = [](Index inv, Index ret, std::uint64_t from) {
        return RegisterOp{.id = inv,
                          .inv = inv,
                          .ret = ret,
                          .action = RegisterAction::failed_cas,
                          .from_version = from,
                          .step = 1};
    };
    std::vector<RegisterOp> ops = {
        update(0, 1, 1), update(2, 20, 2), update(3, 21, 3), failed(4, 5, 1), failed(6, 7, 2)};
    RegisterVersions judge;
    CHECK(judge.judge(ops) == Answer::legal);
    CHECK(witness_is_legal(ops, judge.witness()));
    ops.push_back({.id = 8, .inv = 8, .ret = 9, .value = 2, .version = 2, .step = 1});
    CHECK(judge.judge(ops) == Answer::illegal);
    CHECK(judge.certificate() == std::vector<std::uint32_t>{0, 3, 4, 5});
    CHECK(certificate_refutes(ops, judge.certificate()));
}

TEST_CASE("planted mistake in versions: they do not keep time") {
    expect_caught({.versions_keep_time = false});
}
TEST_CASE("planted mistake in versions: one is made twice") {
    expect_caught({.made_once = false});
}
TEST_CASE("planted mistake in versions: one has two values") {
    expect_caught({.one_value = false});
}
TEST_CASE("planted mistake in versions: a cas makes any version") {
    expect_caught({.follows = false});
}
TEST_CASE("planted mistake in versions: anything was there at first") {
    expect_caught({.absent_at_first = false});
}
TEST_CASE("planted mistake in versions: they are skipped") {
    expect_caught({.no_gaps = false});
}
TEST_CASE("planted mistake in versions: the first that fits is the maker") {
    expect_caught({.only_candidate = false});
}
TEST_CASE("planted mistake in versions: open operations return") {
    expect_caught({.open_ops_stay_open = false});
}
TEST_CASE("planted mistake in versions: a failed cas saw nothing") {
    expect_caught({.failed_cas_observe = false});
}
TEST_CASE("planted mistake in versions: failed cas do not push each other") {
    expect_caught({.failed_cas_push = false});
}
