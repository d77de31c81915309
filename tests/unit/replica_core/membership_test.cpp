#include "replica/core/assert.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/membership.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"

#include <set>
#include <string>

using namespace faultlab::replica;

TEST_CASE("Quorums meet where they must, for every number of voters", "[replica_core]") {
    for (std::size_t n = 1; n <= max_voters; ++n) {
        const Quorums q = Quorums::of(n);
        CAPTURE(n);
        CHECK(q.replication + q.view_change > n); // a view change sees every committed entry
        CHECK(2 * q.view_change > n);             // no two views at once
        CHECK(q.replication + q.nack > n);        // a nack quorum denies every commit
        CHECK(q.replication + q.nack == n + 1);   // and is no larger than that
        CHECK(q.replication <= q.view_change);
    }
    CHECK(Quorums::of(4).replication == 2);
    CHECK(Quorums::of(6).replication == 3);
}

TEST_CASE("A membership is well-formed or refused", "[replica_core]") {
    Membership m;
    CHECK_FALSE(m.well_formed());
    m.voter_count = 3;
    m.voters = {4, 2, 9};
    CHECK(m.well_formed());
    CHECK(m.primary(View::of(3, 5)) == 9);
    CHECK(m.votes(2));
    CHECK_FALSE(m.votes(no_replica));
    m.standby_count = 1;
    m.standbys = {2};
    CHECK_FALSE(m.well_formed()); // twice
    m.standbys = {5};
    CHECK(m.well_formed());
    CHECK(m.listens(5));
    CHECK_FALSE(m.votes(5));
    m.voters[5] = 7;
    CHECK_FALSE(m.well_formed()); // beyond the count
    m.voters[5] = 0;
    m.voters[1] = 16;
    CHECK_FALSE(m.well_formed());
    m.voters[1] = 2;
    m.reserved[0] = 1;
    CHECK_FALSE(m.well_formed());
}

TEST_CASE("Every value of an enumeration has its own name", "[replica_core]") {
    std::set<std::string> names;
    std::size_t count = 0;
    const auto add = [&](const char* text) {
        names.insert(text);
        ++count;
    };
    for (std::size_t i = 0; i < timer_count; ++i)
        add(name(static_cast<Timer>(i)));
    CHECK(names.size() == count);
    names.clear();
    count = 0;
    for (int i = 0; i <= static_cast<int>(EventKind::BugFired); ++i)
        add(name(static_cast<EventKind>(i)));
    CHECK(names.size() == count);
    names.clear();
    count = 0;
    for (int i = 0; i <= static_cast<int>(Status::Halted); ++i)
        add(name(static_cast<Status>(i)));
    CHECK(names.size() == count);
    CHECK_FALSE(names.contains("?"));
}
