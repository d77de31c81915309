#include "replica/wire/telemetry_text.hpp"
#include "tests/support/catch.hpp"

#include <cstring>
#include <set>
#include <sstream>

using namespace faultlab::replica;

namespace {

/// Every field different from its default and from each other, as far as its type allows.
Telemetry busy_replica() {
    Telemetry telemetry;
    telemetry.cluster = 0xFFFFFFFFFFFFFFFFU;
    telemetry.self = 3;
    telemetry.status = Status::ViewChange;
    telemetry.role = Role::Primary;
    telemetry.membership.epoch = 2;
    telemetry.membership.voter_count = 3;
    telemetry.membership.voters = {1, 2, 3};
    telemetry.membership.standby_count = 1;
    telemetry.membership.standbys = {9};
    telemetry.view = View::of(2, 7);
    telemetry.head = 41;
    telemetry.digest = {0x0123456789abcdefU, 5};
    telemetry.lease_until = -1;
    telemetry.messages_in = 12;
    telemetry.rejects[static_cast<std::size_t>(Reject::Fork)] = 4;
    telemetry.rejects_by_sender[9] = 4;
    return telemetry;
}

} // namespace

TEST_CASE("telemetry comes back from its JSON") {
    const Telemetry telemetry = busy_replica();
    const std::string json = to_json(telemetry);
    CHECK(json.find('\n') == std::string::npos);
    const auto back = telemetry_from_json(json);
    REQUIRE(back);
    CHECK(to_json(*back) == json);
    CHECK(back->cluster == telemetry.cluster);
    CHECK(back->status == telemetry.status);
    CHECK(back->membership == telemetry.membership);
    CHECK(back->view == telemetry.view);
    CHECK(back->digest == telemetry.digest);
    CHECK(back->lease_until == telemetry.lease_until);
    CHECK(back->rejects == telemetry.rejects);
    CHECK(back->rejects_by_sender == telemetry.rejects_by_sender);
}

TEST_CASE("no field of telemetry is left out of its JSON") {
    // A byte whose change does not show belongs to no field: only the padding between fields and
    // what lies beyond a membership's counts may be so.
    const Telemetry before = busy_replica();
    const std::string json = to_json(before);
    std::set<std::size_t> unseen;
    for (std::size_t at = 0; at < sizeof(Telemetry); ++at) {
        std::array<std::byte, sizeof(Telemetry)> bytes;
        std::memcpy(bytes.data(), &before, sizeof before);
        bytes[at] ^= std::byte{1};
        Telemetry after;
        std::memcpy(static_cast<void*>(&after), bytes.data(), sizeof after);
        if (to_json(after) == json) unseen.insert(at);
    }
    const std::size_t membership = offsetof(Telemetry, membership);
    std::erase_if(unseen, [&](std::size_t at) {
        return at >= membership && at < membership + sizeof(Membership);
    });
    std::size_t run = 0;
    for (std::size_t at = 0; at < sizeof(Telemetry); ++at) {
        run = unseen.contains(at) ? run + 1 : 0;
        CAPTURE(at);
        CHECK(run < alignof(Telemetry));
    }
}

TEST_CASE("what is no telemetry is refused") {
    std::string json = to_json(busy_replica());
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("{}"), json + "}"}) {
        CHECK_FALSE(telemetry_from_json(text));
    }
    const auto replaced = [&](const std::string& from, const std::string& to) {
        std::string text = json;
        REQUIRE(text.find(from) != std::string::npos);
        return text.replace(text.find(from), from.size(), to);
    };
    CHECK_FALSE(telemetry_from_json(replaced("\"head\":41", "\"head\":-1")));
    CHECK_FALSE(telemetry_from_json(replaced("\"head\":41", "\"head\":4.5")));
    CHECK_FALSE(telemetry_from_json(replaced("\"self\":3", "\"self\":300")));
    CHECK_FALSE(telemetry_from_json(replaced("ViewChange", "Viewchange")));
    CHECK_FALSE(telemetry_from_json(replaced("\"head\":41,", "")));
    CHECK(telemetry_from_json(replaced("\"head\":41", "\"head\":42")));
    const auto error = telemetry_from_json(R"({"error": "no such request"})");
    REQUIRE_FALSE(error);
    CHECK(error.error().message.find("no such request") != std::string::npos);
}

TEST_CASE("Prometheus gets every number once, with its type") {
    BugSet bugs;
    bugs.set(Bug::B1);
    REQUIRE(bugs.changes(Bug::B1, [] { return true; }));
    const std::string text = to_prometheus(busy_replica(), bugs);
    const std::string labels = R"(cluster="18446744073709551615",replica="3")";
    for (const std::string& line :
         {"faultlab_replica_head{" + labels + "} 41\n",
          "faultlab_replica_messages_in_total{" + labels + "} 12\n",
          "faultlab_replica_status{" + labels + R"(,status="ViewChange"} 1)" + "\n",
          "faultlab_replica_rejects_total{" + labels + R"(,class="fork"} 4)" + "\n",
          "faultlab_replica_bug_fired_total{" + labels + R"(,bug="B1"} 1)" + "\n",
          std::string("# TYPE faultlab_replica_head gauge\n"),
          std::string("# TYPE faultlab_replica_messages_in_total counter\n")}) {
        CAPTURE(line);
        CHECK(text.find(line) != std::string::npos);
    }
    CHECK(to_json(bugs) == R"({"B1":{"fired":1}})");
    std::set<std::string> samples;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#')) continue;
        CAPTURE(line);
        CHECK(samples.insert(line.substr(0, line.find("} "))).second);
    }
    CHECK(samples.size() > 50);
}

TEST_CASE("a page of events comes back from its JSON") {
    EventPage page{.incarnation = 2, .next = 9, .lost = 1};
    page.events.push_back(
        {.sequence = 8,
         .wall = 5,
         .event = {.kind = EventKind::Committed, .a = 1, .b = 2, .checksum = {3, 4}}});
    page.events.push_back({.sequence = 9, .event = {.kind = EventKind::BugFired}});
    const auto back = event_page_from_json(to_json(page));
    REQUIRE(back);
    CHECK(back->incarnation == 2);
    CHECK(back->next == 9);
    CHECK(back->lost == 1);
    REQUIRE(back->events.size() == 2);
    CHECK(back->events[0].event.kind == EventKind::Committed);
    CHECK(back->events[0].event.checksum == Checksum{3, 4});
    CHECK(to_json(*back) == to_json(page));
    CHECK_FALSE(event_page_from_json("{}"));
}
