// What scenarios of lies may say of the rules that lies break, and what they may not.

#include "simulator/batch.hpp"
#include "simulator/scenarios/families.hpp"
#include "simulator/scenarios/liar.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <string>

using namespace faultlab;
using namespace faultlab::simulator;
using faultlab::replica::MutationRule;

namespace {

constexpr std::array inflated = {
    Story{.name = "inflated", .draw = [](Rng&) {
              return std::vector<MutationRule>{
                  {.command = Command::Commit,
                   .mutations = {{.mutator = replica::Mutator::InflateCommit, .amount = 1000}}}};
          }}};
constexpr std::array rewritten = {
    Story{.name = "rewritten", .draw = [](Rng&) {
              return std::vector<MutationRule>{
                  {.command = Command::Prepare,
                   .mutations = {{.mutator = replica::Mutator::RewriteBody, .seed = 5}}}};
          }}};

void play_inflated(Stage& stage) {
    stage.keep<Liar>().tell(inflated);
}
void play_rewritten(Stage& stage) {
    stage.keep<Liar>().tell(rewritten);
}
void play_nothing(Stage&) {}

Scenario scenario(void (*play)(Stage&), std::span<const Claim> claims) {
    return {.id = "SC00",
            .name = "of-this-test",
            .summary = "",
            .prepare = only_its_own_faults,
            .play = play,
            .proofs = {},
            .claims = claims};
}

constexpr std::array refused = {Claim{.rule = "A8"}};

} // namespace

TEST_CASE("A lie that is refused is an alarm, unless the scenario claims it", "[simulator]") {
    std::uint64_t contained = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        const Scenario silent = scenario(play_inflated, {});
        const Outcome alarmed = simulate({.seed = seed, .scenario = &silent});
        const Scenario claiming = scenario(play_inflated, refused);
        const Outcome claimed = simulate({.seed = seed, .scenario = &claiming});
        CHECK(claimed.verdict == Verdict::valid);
        CHECK(claimed.outside.empty());
        const auto found = claimed.counters.find("contained.A8");
        if (found == claimed.counters.end()) continue; // the liar never led
        contained += found->second;
        REQUIRE(alarmed.verdict == Verdict::invalid);
        CHECK(alarmed.alarms.front().by == "A8");
        const auto lies = std::ranges::find_if(claimed.record.faults, [](const FaultRecord& fault) {
            return fault.fault.nemesis == "lies" && fault.effective();
        });
        REQUIRE(lies != claimed.record.faults.end());
        CHECK(lies->evidence.front().name == "lies_delivered");
    }
    CHECK(contained > 0);
}

TEST_CASE("A lie that works is outside the model where it is claimed to be, and is told",
          "[simulator]") {
    constexpr std::string_view why = "both entries are whole";
    std::string rule;
    std::uint64_t seed = 0;
    const Scenario silent = scenario(play_rewritten, {});
    while (rule.empty() && seed < 20) {
        const Outcome alarmed = simulate({.seed = ++seed, .scenario = &silent});
        if (alarmed.verdict == Verdict::invalid) rule = alarmed.alarms.front().by;
    }
    REQUIRE_FALSE(rule.empty());
    const std::array claims = {Claim{.rule = rule, .kind = Claim::Kind::Outside, .why = why}};
    const Scenario claiming = scenario(play_rewritten, claims);
    const Outcome outcome = simulate({.seed = seed, .scenario = &claiming});
    CHECK(outcome.verdict == Verdict::valid);
    CHECK(outcome.alarms.empty());
    REQUIRE_FALSE(outcome.outside.empty());
    CHECK(outcome.outside.front().by == rule);
    CHECK(outcome.outside.front().why == why);
    Batch batch(claiming);
    batch.add(seed, outcome);
    batch.add(seed + 1, outcome);
    CHECK(batch.verdict() == Verdict::valid);
    REQUIRE(batch.outside().size() == 1);
    CHECK(batch.outside().front().rule == rule);
    CHECK(batch.outside().front().simulations == 2);
    CHECK(batch.outside().front().first_seed == seed);
}

TEST_CASE("A claim excuses nothing where nobody lied", "[simulator]") {
    constexpr std::array claims = {Claim{.rule = "A8"}, Claim{.rule = "O6"}};
    const Scenario quiet = scenario(play_nothing, claims);
    replica::BugSet bugs;
    bugs.set(replica::Bug::KM9); // asks for ranges that end before they begin
    bool alarmed = false;
    for (std::uint64_t seed = 1; seed <= 20 && !alarmed; ++seed) {
        const Outcome outcome = simulate({.seed = seed,
                                          .scenario = &quiet,
                                          .bugs = bugs,
                                          .overrides = {{Knob::LossPermille, 50}}});
        alarmed = outcome.verdict == Verdict::invalid && outcome.alarms.front().by == "O6";
    }
    CHECK(alarmed);
}
