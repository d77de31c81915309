#include "simulator/batch.hpp"
#include "simulator/simbugs.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

/// Of all that it saw only this one.
const Mistake* of(const std::vector<Mistake>& mistakes, Audit audit) {
    const auto found = std::ranges::find(mistakes, audit, &Mistake::audit);
    return found == mistakes.end() ? nullptr : &*found;
}

} // namespace

TEST_CASE("An audit tells what it saw first, and how often", "[simulator]") {
    Audits audits;
    audits.judge(Audit::TimeOrder, true, [] { return "nothing"; });
    audits.judge(Audit::TimeOrder, false, [] { return "back by 5 ns"; });
    audits.judge(Audit::TimeOrder, false, [] { return "back by 9 ns"; });
    const auto mistakes = audits.mistakes();
    REQUIRE(mistakes.size() == 1);
    CHECK(text(mistakes[0]) == "time-order: back by 5 ns (2 of 3)");
}

TEST_CASE("So many messages get lost as chance has it, or an audit says so", "[simulator]") {
    Audits audits;
    audits.chances_of_loss(200'000, 170); // 200 are due, give or take 14
    CHECK(audits.mistakes().empty());
    audits.chances_of_loss(200'000, 0);
    CHECK(of(audits.mistakes(), Audit::Loss) != nullptr);
    Audits few;
    few.chances_of_loss(20'000, 0); // seldom, but it happens
    CHECK(few.mistakes().empty());
    few.add(few);
    few.add(few);
    CHECK(of(few.mistakes(), Audit::Loss) != nullptr); // not as often
}

TEST_CASE("A power cut that never loses what was not synced is none", "[simulator]") {
    Audits audits;
    audits.chances_of_power_cuts(40, 0);
    CHECK(audits.mistakes().empty());
    audits.chances_of_power_cuts(40, 0);
    CHECK(of(audits.mistakes(), Audit::PowerCuts) != nullptr);
    audits.chances_of_power_cuts(40, 3);
    CHECK(audits.mistakes().empty());
}

TEST_CASE("A batch of a simulator that made a mistake is not green", "[simulator]") {
    const Scenario scenario{.id = "SC00", .name = "test"};
    Batch batch(scenario);
    batch.add(1, {.verdict = Verdict::valid});
    CHECK(batch.verdict() == Verdict::valid);
    Outcome lie{.verdict = Verdict::valid};
    lie.audits.judge(Audit::Partitions, false, [] { return "a message came"; });
    batch.add(2, lie);
    CHECK(batch.verdict() == Verdict::unknown);
    CHECK(batch.audits().mistakes().size() == 1);
}

TEST_CASE("A batch compares the first simulation with itself", "[simulator]") {
    const Scenario scenario{.id = "SC00", .name = "test"};
    Outcome first{.verdict = Verdict::valid};
    first.chain.low = 7;
    Batch batch(scenario);
    batch.add(1, first);
    batch.add(2, {.verdict = Verdict::valid});
    batch.add_again(first);
    CHECK(batch.audits().mistakes().empty());
    CHECK(batch.audits().judged(Audit::Determinism) == 1);
    first.chain.low = 8;
    batch.add_again(first);
    CHECK(of(batch.audits().mistakes(), Audit::Determinism) != nullptr);
}

TEST_CASE("Every audit has a mistake that it is made for", "[simulator]") {
    for (const AuditEntry& audit : audit_catalogue()) {
        CAPTURE(std::string(audit.name));
        CHECK(std::ranges::find(simbugs(), audit.audit, &SimBugEntry::caught_by) !=
              simbugs().end());
        CHECK(std::ranges::count(audit_catalogue(), audit.name, &AuditEntry::name) == 1);
    }
}
