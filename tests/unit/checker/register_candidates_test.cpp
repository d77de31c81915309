#include "checker/linearizability_rules.hpp"
#include "checker/register_candidates.hpp"
#include "checker/register_proof.hpp"
#include "core/rng.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/brute_force.hpp"
#include "tests/unit/checker/random_history.hpp"

#include <string>
#include <vector>

// What nobody can have written, against brute force on random histories; each finding is proven by
// itself. Then with one of its rules missing: a reference that would not notice is worth nothing.

using namespace faultlab;

namespace {

struct Tally {
    int found = 0;
    int wrong = 0;
    int unproven = 0;
    std::string first;
};

Tally compare_all(int each, const CandidateRules& rules) {
    Tally tally;
    Rng rng(20261128);
    for (const std::string_view model : {"register", "cas-register"}) {
        for (const std::uint64_t info : {0, 20, 50}) {
            const RandomHistoryOptions options = {.model = model,
                                                  .processes = 4,
                                                  .values = 3,
                                                  .weak_cas = info == 20,
                                                  .info_percent = info};
            for (int i = 0; i < each; ++i) {
                const std::vector<Op> ops = random_operations(rng, options);
                const History history = to_history(ops);
                const std::vector<RegisterOp> key = read_key_ops(history,
                                                                 history.ops_of_key(0),
                                                                 *register_model(model),
                                                                 LinearizabilityRules{})
                                                        ->ops;
                const auto found = find_without_writer(key, rules);
                if (!found) continue;
                ++tally.found;
                std::vector<std::uint32_t> cited = {found->observer};
                if (found->shows_another != WithoutWriter::nobody)
                    cited.push_back(found->shows_another);
                tally.unproven += certificate_refutes(key, cited) ? 0 : 1;
                if (!brute_force_linearizable(ops, model)) continue;
                if (tally.wrong++ == 0) tally.first = describe(ops);
            }
        }
    }
    return tally;
}

void expect_agreement(int each) {
    const Tally tally = compare_all(each, {});
    INFO("legal all the same: " << tally.first);
    CHECK(tally.found > each);
    CHECK(tally.wrong == 0);
    CHECK(tally.unproven == 0);
}

} // namespace

TEST_CASE("what nobody can have written is illegal by brute force") {
    expect_agreement(1'700);
}
TEST_CASE("a million histories: what nobody can have written is illegal", "[.][at_length]") {
    expect_agreement(170'000);
}

TEST_CASE("planted mistake in candidates: what runs beside shows another value") {
    CHECK(compare_all(300, {.shown_before = false}).wrong > 0);
}
TEST_CASE("planted mistake in candidates: nothing is written while it is read") {
    CHECK(compare_all(300, {.until_return = false}).wrong > 0);
}
TEST_CASE("planted mistake in candidates: open operations return") {
    CHECK(compare_all(300, {.open_ops_stay_open = false}).wrong > 0);
}
TEST_CASE("planted mistake in candidates: nothing was there at first") {
    CHECK(compare_all(300, {.initial_is_written = false}).wrong > 0);
}
