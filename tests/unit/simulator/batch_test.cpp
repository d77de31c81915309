#include "checker/monitors/catalogue.hpp"
#include "simulator/batch.hpp"
#include "tests/support/catch.hpp"

#include <array>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

constexpr std::array proofs = {Proof{"clogs", 50, "clogs come"}};
const Scenario scenario{.id = "SC00", .name = "test", .proofs = proofs};

Outcome good(std::uint64_t clogs) {
    Outcome outcome{.verdict = Verdict::valid, .events = 10, .commits = 2, .simulated = 5};
    outcome.counters["clogs"] = clogs;
    return outcome;
}

} // namespace

TEST_CASE("A batch whose fault did not fire often enough is vacuous", "[simulator]") {
    Batch batch(scenario);
    CHECK(batch.verdict() == Verdict::unknown); // nothing was simulated
    for (int i = 0; i < 10; ++i)
        batch.add(1, good(0));
    REQUIRE(batch.unmet().size() == 1);
    CHECK(batch.unmet()[0].needed == 5);
    CHECK(batch.verdict() == Verdict::unknown);
    batch.add(2, good(5));
    CHECK(batch.unmet().empty());
    CHECK(batch.verdict() == Verdict::valid);
    CHECK(batch.valid() == 11);
    CHECK(batch.events() == 110);
}

TEST_CASE("A small batch must show each proof once", "[simulator]") {
    Batch batch(scenario);
    batch.add(1, good(0));
    CHECK(batch.unmet()[0].needed == 1);
}

TEST_CASE("A failure wins over doubt, and doubt over the rest", "[simulator]") {
    Batch batch(scenario);
    batch.add(7, good(1));
    batch.add(8, {.verdict = Verdict::unknown, .reason = "little was done"});
    CHECK(batch.verdict() == Verdict::unknown);
    REQUIRE(batch.doubts().size() == 1);
    CHECK(batch.doubts()[0].seed == 8);
    batch.add(9, {.verdict = Verdict::invalid, .alarms = {{"S1", "two entries at one op"}}});
    CHECK(batch.verdict() == Verdict::invalid);
    REQUIRE(batch.failures().size() == 1);
    CHECK(batch.failures()[0].alarm.by == "S1");
    CHECK(batch.valid() == 1);
}

TEST_CASE("A batch names the rules that had nothing to judge", "[simulator]") {
    Batch batch(scenario);
    Outcome first = good(1);
    first.judged.assign(monitor_catalogue().size(), 0);
    Outcome second = first;
    first.judged[0] = 3;
    second.judged.assign(monitor_catalogue().size(), 1);
    second.judged[0] = 0;
    second.judged[2] = 0;
    batch.add(1, first);
    CHECK(batch.unjudged().size() == monitor_catalogue().size() - 1);
    batch.add(2, second);
    CHECK(batch.unjudged() == std::vector<std::string>{std::string(monitor_catalogue()[2].id)});
}
