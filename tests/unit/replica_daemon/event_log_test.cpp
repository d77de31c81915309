#include "replica/daemon/event_log.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab::replica;

TEST_CASE("events are polled after a cursor", "[replica_daemon]") {
    EventLog log;
    CHECK(log.page(0, 3).events.empty());
    for (std::uint64_t op = 1; op <= 10; ++op)
        log.add({.event = {.kind = EventKind::Committed, .a = op}});
    const EventPage all = log.page(0, 3);
    CHECK(all.incarnation == 3);
    CHECK(all.next == 10);
    CHECK(all.lost == 0);
    REQUIRE(all.events.size() == 10);
    CHECK(all.events[4].sequence == 5);
    CHECK(all.events[4].event.a == 5);
    CHECK(log.page(10, 3).events.empty());
    CHECK(log.page(10, 3).next == 10);
    CHECK(log.page(99, 3).next == 10); // a cursor of another process
}

TEST_CASE("what is no longer kept is counted", "[replica_daemon]") {
    EventLog log;
    const std::uint64_t total = EventLog::kept + 100;
    for (std::uint64_t op = 1; op <= total; ++op)
        log.add({.event = {.kind = EventKind::Committed, .a = op}});
    EventPage page = log.page(40, 1);
    CHECK(page.lost == 60);
    CHECK(page.events.front().event.a == 101);
    CHECK(page.events.size() == EventLog::page_events);
    std::uint64_t expected = 101;
    while (!page.events.empty()) {
        for (const LoggedEvent& event : page.events) {
            REQUIRE(event.event.a == expected);
            REQUIRE(event.sequence == expected);
            ++expected;
        }
        page = log.page(page.next, 1);
        CHECK(page.lost == 0);
    }
    CHECK(expected == total + 1);
}
