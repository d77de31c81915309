#include "tests/integration/power_cut/power_cuts.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab::test;

namespace {

/// A store with this mistake must lose something, or stop, before so many cuts.
void must_fail(const std::vector<std::string>& arguments) {
    const PowerCutOutcome outcome = cut_power({.cuts = 50, .seed = 3, .arguments = arguments});
    INFO(outcome.acknowledged << " writes acknowledged, " << outcome.cuts << " cuts");
    REQUIRE(outcome.failure);
    INFO(*outcome.failure);
    CHECK((outcome.kind == Failure::Lost || outcome.kind == Failure::Halted ||
           outcome.kind == Failure::Gone));
}

/// Long enough for writes to be acknowledged in a view that no disk knows yet, on a busy machine
/// too; and view changes that wait for it.
std::vector<std::string> slow_superblock() {
    return {"--superblock-sync-ms", "200", "--timeout", "view_change=1500,primary_silent=300"};
}

} // namespace

TEST_CASE("no acknowledged write is lost by power cuts", "[power_cut]") {
    const PowerCutOutcome outcome = cut_power({.cuts = 10, .seed = 1});
    INFO(outcome.failure.value_or(""));
    CHECK_FALSE(outcome.failure);
    CHECK(outcome.cuts == 10);
    CHECK(outcome.acknowledged > 100);
    // Otherwise nothing was there to lose.
    CHECK(outcome.writes.dropped + outcome.writes.torn > 10);
}

TEST_CASE("nor where the superblock is slow to become durable", "[power_cut]") {
    const PowerCutOutcome outcome =
        cut_power({.cuts = 10, .seed = 4, .arguments = slow_superblock()});
    INFO(outcome.failure.value_or(""));
    CHECK_FALSE(outcome.failure);
}

TEST_CASE("a disk that lies about fdatasync is found out", "[power_cut]") {
    must_fail({"--sync-lies"});
}

TEST_CASE("B1 is found: acknowledging before an entry is durable", "[power_cut]") {
    must_fail({"--bug", "B1"});
}

TEST_CASE("B2 is found: speaking of a view before it is durable", "[power_cut]") {
    std::vector<std::string> arguments = slow_superblock();
    arguments.insert(arguments.end(), {"--bug", "B2"});
    must_fail(arguments);
}

TEST_CASE("B25 is found: going on after a failed sync", "[power_cut]") {
    must_fail({"--bug", "B25", "--sync-fails-from", "3"});
}
