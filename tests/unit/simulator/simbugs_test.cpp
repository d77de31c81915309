#include "simulator/batch.hpp"
#include "simulator/simbugs.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

constexpr std::uint64_t seeds = 20;

/// Like a clock: never twice the same.
std::function<std::uint64_t()> clock_of_test() {
    return [now = std::make_shared<std::uint64_t>(1)] { return *now += 12'345; };
}

Batch batch_with(SimBug simbug, std::string_view scenario) {
    const Scenario& found = *find_scenario(scenario).value();
    Simulation simulation{
        .seed = 1, .scenario = &found, .simbug = simbug, .outside = clock_of_test()};
    Batch batch(found);
    for (; simulation.seed <= seeds; ++simulation.seed)
        batch.add(simulation.seed, simulate(simulation));
    simulation.seed = 1;
    batch.add_again(simulate(simulation));
    return batch;
}

} // namespace

TEST_CASE("A mistake in the simulator is caught by the audit made for it", "[simulator]") {
    for (const SimBugEntry& bug : simbugs()) {
        if (bug.caught_by == Audit::StoreOrder) continue; // is planted in who stores
        CAPTURE(std::string(bug.id));
        const Batch batch = batch_with(bug.bug, bug.scenario);
        const auto mistakes = batch.audits().mistakes();
        CHECK(std::ranges::find(mistakes, bug.caught_by, &Mistake::audit) != mistakes.end());
        CHECK(batch.verdict() != Verdict::valid);
    }
}

TEST_CASE("Without a mistake in the simulator no audit sees one", "[simulator]") {
    std::set<std::string_view> scenarios;
    for (const SimBugEntry& bug : simbugs())
        scenarios.insert(bug.scenario);
    Audits all;
    for (const std::string_view scenario : scenarios) {
        CAPTURE(std::string(scenario));
        const Batch batch = batch_with(SimBug::None, scenario);
        for (const Mistake& mistake : batch.audits().mistakes())
            FAIL_CHECK(text(mistake));
        all.add(batch.audits());
    }
    for (const AuditEntry& audit : audit_catalogue()) {
        CAPTURE(std::string(audit.name));
        if (audit.audit != Audit::StoreOrder) CHECK(all.judged(audit.audit) > 0);
    }
}

TEST_CASE("What a simulator says that made a mistake is no verdict", "[simulator]") {
    const Outcome outcome = simulate(
        {.seed = 1, .scenario = find_scenario("baseline").value(), .simbug = SimBug::SB11});
    CHECK(outcome.verdict == Verdict::unknown);
    CHECK(outcome.reason.starts_with("the simulator made a mistake: history-complete: "));
    CHECK(outcome.simbug_fired > 0);
}

TEST_CASE("A mistake that is not planted draws nothing", "[simulator]") {
    // SB13 needs a power cut to be made: until then the simulation is the same.
    const Scenario& baseline = *find_scenario("baseline").value();
    const Outcome clean = simulate({.seed = 4, .scenario = &baseline});
    const Outcome planted = simulate({.seed = 4, .scenario = &baseline, .simbug = SimBug::SB13});
    CHECK(planted.simbug_fired == 0);
    CHECK(planted.chain == clean.chain);
}

TEST_CASE("A simulation with a mistake in the simulator says how it is run again", "[simulator]") {
    CHECK(reproduction(
              {.seed = 1, .scenario = find_scenario("baseline").value(), .simbug = SimBug::HB3}) ==
          "faultlab sim --seed 0x1 --scenario baseline --simbug HB3 -v");
    CHECK(find_simbug("SB99").error().text().find("SB9") != std::string::npos);
}
