#include "checker/judge.hpp"
#include "simulator/batch.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

/// The first seed, from 1 on, of which this is wrong.
std::optional<Outcome>
first_failure(std::string_view bugs, std::string_view scenario, std::uint64_t seeds) {
    const replica::ParsedBugs parsed = replica::parse_bugs(bugs);
    REQUIRE_FALSE(parsed.unknown);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        Outcome outcome = simulate(
            {.seed = seed, .scenario = find_scenario(scenario).value(), .bugs = parsed.bugs});
        if (outcome.verdict == Verdict::invalid) return outcome;
    }
    return std::nullopt;
}

} // namespace

TEST_CASE("Every scenario does what it says, and the store comes through", "[simulations]") {
    constexpr std::uint64_t seeds = 25;
    for (const Scenario& scenario : scenario_catalogue()) {
        CAPTURE(std::string(scenario.name));
        Batch batch(scenario);
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            const Outcome outcome = simulate({.seed = seed, .scenario = &scenario});
            INFO(fmt::format("seed {}: {}{}",
                             seed,
                             outcome.reason,
                             outcome.alarms.empty() ? "" : outcome.alarms.front().what));
            CHECK(outcome.verdict == Verdict::valid);
            batch.add(seed, outcome);
            if (!outcome.outside.empty()) continue; // it ended there
            CHECK(outcome.events >= 5'000);
            // What its record shows by itself accuses nobody either.
            CHECK(judge_one(outcome.record, {.name = "invariants"}, {}).verdict == Verdict::valid);
        }
        for (const Unmet& unmet : batch.unmet())
            FAIL_CHECK(
                fmt::format("{}: {} of {}", unmet.proof.counter, unmet.measured, unmet.needed));
    }
}

TEST_CASE("A checkpoint is known though its maker died before it could tell", "[simulations]") {
    // Swarms in which it did, and in which another replica fetched the checkpoint.
    for (const std::uint64_t seed : {0x4c4c0c, 0x4c4cf2, 0x4c53f4, 0x4c542e}) {
        CAPTURE(seed);
        const Outcome outcome =
            simulate({.seed = seed, .scenario = find_scenario("combined").value()});
        CHECK(outcome.verdict == Verdict::valid);
    }
}

TEST_CASE("A checkpoint is fetched whose release nobody has told of before", "[simulations]") {
    // A replica died as it executed the entry that began the release, and came back behind it.
    for (const std::uint64_t seed : {0x60, 0x8f, 0xe5}) {
        CAPTURE(seed);
        const Outcome outcome =
            simulate({.seed = seed, .scenario = find_scenario("config-deaths").value()});
        CHECK(outcome.verdict == Verdict::valid);
    }
}

TEST_CASE("Planted bugs are found, each by one of these scenarios", "[simulations]") {
    struct Hunt {
        const char* bugs;
        const char* scenario;
        std::uint64_t seeds;
    };
    for (const Hunt& hunt : {Hunt{"V11", "leader-race", 400},
                             Hunt{"V5", "combined", 20},
                             Hunt{"B1", "torn-writes", 20},
                             Hunt{"B1", "combined", 50},
                             Hunt{"K5", "primary-isolated", 400},
                             Hunt{"F6", "leader-race", 20},
                             Hunt{"F6", "combined", 200},
                             Hunt{"K1", "conflicting-suffixes", 40},
                             Hunt{"K3", "inflated-commit", 20},
                             Hunt{"K4", "wrong-metadata", 20},
                             Hunt{"KM10", "wrong-metadata", 20},
                             Hunt{"K6", "wrong-metadata", 100},
                             Hunt{"K3.1", "misfit-suffixes", 20},
                             Hunt{"KM5", "misfit-suffixes", 40},
                             Hunt{"K3.3", "forked-votes", 80},
                             Hunt{"F4", "forked-votes", 40},
                             Hunt{"K3.4", "oversized-suffixes", 20},
                             Hunt{"KM11", "oversized-suffixes", 40},
                             Hunt{"K3.5", "bad-ranges", 20},
                             Hunt{"KM9", "bad-ranges", 20},
                             Hunt{"F3", "failing-commands", 5},
                             Hunt{"K3.2", "failing-commands", 5},
                             Hunt{"KM3", "flipped-bits", 40},
                             Hunt{"V8", "lockout", 20},
                             Hunt{"V12", "lease-race", 100},
                             Hunt{"F2", "misfit-suffixes", 20},
                             Hunt{"B3", "misdirected-superblocks", 20},
                             Hunt{"B19", "between-quorums", 10},
                             Hunt{"B21", "promotions", 10},
                             Hunt{"B21", "slow-joiners", 10}}) {
        CAPTURE(hunt.bugs, hunt.scenario);
        const auto found = first_failure(hunt.bugs, hunt.scenario, hunt.seeds);
        REQUIRE(found.has_value());
        CHECK_FALSE(found->alarms.empty());
        for (const auto& [name, number] : found->counters) {
            if (name.starts_with("fired.")) CHECK(number > 0);
        }
    }
}

TEST_CASE("One half of a pair of bugs does no harm without the other", "[simulations]") {
    CHECK_FALSE(first_failure("F6b", "leader-race", 20).has_value());
}
