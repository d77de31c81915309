#include "replica/core/bugs.hpp"
#include "tests/support/trips.hpp"

#include <set>

using namespace faultlab::replica;

TEST_CASE("Every bug has one row, in order, with a name of its own", "[replica_state]") {
    CHECK(bugs().size() == 71);
    std::set<std::string> ids;
    std::set<std::string> mechanisms;
    std::set<std::string> summaries;
    for (std::size_t index = 0; index < bugs().size(); ++index) {
        const BugEntry& row = bugs()[index];
        CHECK(static_cast<std::size_t>(row.bug) == index);
        CHECK(&entry(row.bug) == &row);
        ids.insert(row.id);
        mechanisms.insert(row.mechanism);
        summaries.insert(row.summary);
        for (const char* text :
             {row.id, row.mechanism, row.summary, row.faults, row.found_by, row.source}) {
            REQUIRE(text != nullptr);
            CHECK(std::string(text) != "");
        }
    }
    CHECK(ids.size() == bugs().size());
    CHECK(mechanisms.size() == bugs().size());
    CHECK(summaries.size() == bugs().size());
    CHECK_TRIPS("bug-known", entry(static_cast<Bug>(bug_count)));
    BugSet none;
    CHECK_TRIPS("bug-set", none.set(static_cast<Bug>(bug_count)));
    CHECK_TRIPS("bug-fired", none.fired(static_cast<Bug>(bug_count)));
}

TEST_CASE("Bugs are switched on by their names", "[replica_state]") {
    CHECK_FALSE(parse_bugs("").bugs.any());
    CHECK_FALSE(parse_bugs("").unknown);
    for (const BugEntry& row : bugs()) {
        const ParsedBugs parsed = parse_bugs(row.id);
        CHECK_FALSE(parsed.unknown);
        for (const BugEntry& other : bugs()) {
            CHECK(parsed.bugs.on(other.bug) == (&other == &row));
        }
    }
    const ParsedBugs several = parse_bugs("K3.1,F6,B2");
    CHECK_FALSE(several.unknown);
    for (const Bug bug : {Bug::K3_1, Bug::F6a, Bug::F6b, Bug::B2}) {
        CHECK(several.bugs.on(bug));
    }
    CHECK_FALSE(several.bugs.on(Bug::K3));
    CHECK(parse_bugs("B2,K9,B3").unknown == "K9");
    CHECK(parse_bugs("b2").unknown == "b2");
    CHECK(parse_bugs("B2,").unknown == "");
    CHECK(parse_bugs(",B2").unknown == "");
    CHECK(parse_bugs("B2 ").unknown == "B2 ");
}

TEST_CASE("A bug fires only where it is on and the outcome differs", "[replica_state]") {
    BugSet bugs;
    CHECK_FALSE(bugs.changes(Bug::V1, [] { return true; }));
    bugs.set(Bug::V1);
    CHECK_FALSE(bugs.changes(Bug::V1, [] { return false; }));
    CHECK(bugs.fired(Bug::V1) == 0);
    CHECK(bugs.changes(Bug::V1, [] { return true; }));
    CHECK(bugs.fired(Bug::V1) == 1);
    CHECK(bugs.fired(Bug::V2) == 0);
}
