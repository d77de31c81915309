#include "tests/integration/power_cut/power_cuts.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab::test;

TEST_CASE("no acknowledged write is lost by a thousand power cuts", "[power_cut_long]") {
    const PowerCutOutcome outcome = cut_power({.cuts = 1000, .seed = 2});
    INFO(outcome.failure.value_or(""));
    CHECK_FALSE(outcome.failure);
    CHECK(outcome.cuts == 1000);
    CHECK(outcome.acknowledged > 10'000);
    CHECK(outcome.writes.dropped + outcome.writes.torn > 1000);
    WARN(outcome.acknowledged << " writes acknowledged, " << outcome.checked << " keys checked, "
                              << outcome.writes.kept << " unsynced writes kept, "
                              << outcome.writes.dropped << " dropped, " << outcome.writes.torn
                              << " torn");
}
