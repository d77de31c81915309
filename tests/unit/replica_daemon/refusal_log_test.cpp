#include "replica/daemon/refusal_log.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace faultlab::replica;

namespace {

constexpr Nanos second = 1'000'000'000;

} // namespace

TEST_CASE("a refusal names who, why and what to do", "[replica_daemon]") {
    RefusalLog log(7);
    const Stranger peer{.address = "10.0.0.2:7000", .dialled = 2, .claim = {{2, 9}}};
    CHECK(log.refused(peer, AuthReject::WrongKey, 0).value() ==
          "refused replica 2 at 10.0.0.2:7000, which we dialled: it has another key (WrongKey); "
          "give all of one cluster the same --key-file");
    CHECK(log.refused(peer, AuthReject::Cluster, 0).value() ==
          "refused replica 2 at 10.0.0.2:7000, which we dialled: it belongs to cluster 9, and we "
          "to 7 (Cluster); compare --peers and --data of both");
    CHECK(log.refused(
                 {.address = "10.0.0.2:7000", .dialled = 2, .claim = {{3, 7}}}, AuthReject::Peer, 0)
              .value() ==
          "refused replica 2 at 10.0.0.2:7000, which we dialled: it says it is replica 3 (Peer); "
          "compare --id and --peers of both");
    CHECK(log.refused({.address = "10.0.1.1", .claim = {{no_replica, 7}}}, AuthReject::Forged, 0)
              .value()
              .find("a connection from 10.0.1.1 that says it is a client: ") != std::string::npos);
    CHECK(log.refused({.address = "10.0.1.9"}, AuthReject::NotPeer, 0).value() ==
          "refused a connection from 10.0.1.9: its first bytes are no hello (NotPeer); another "
          "program uses this address and port");
    for (std::size_t why = 1; why < auth_reject_count; ++why) {
        const auto line = RefusalLog(7).refused(peer, static_cast<AuthReject>(why), 0).value();
        INFO(line);
        CHECK(line.find(std::string("(") + name(static_cast<AuthReject>(why)) + "); ") !=
              std::string::npos);
    }
}

TEST_CASE("what was said is said again after a minute, with how often it happened",
          "[replica_daemon]") {
    RefusalLog log(7);
    const Stranger peer{.address = "10.0.0.2:7000", .dialled = 2};
    CHECK(log.refused(peer, AuthReject::WrongKey, 0));
    for (Nanos t = 1; t < 60; ++t)
        CHECK_FALSE(log.refused(peer, AuthReject::WrongKey, t * second));
    CHECK(log.refused(peer, AuthReject::Version, 30 * second)); // another reason
    const auto again = log.refused(peer, AuthReject::WrongKey, 60 * second);
    REQUIRE(again);
    CHECK(again->find("; 59 more since the last such line") != std::string::npos);
    CHECK_FALSE(log.refused(peer, AuthReject::WrongKey, 61 * second));
}

TEST_CASE("many strangers do not make many lines, nor for ever none", "[replica_daemon]") {
    RefusalLog log(7);
    const auto lines_at = [&](Nanos now) {
        int lines = 0;
        for (int i = 0; i < 1000; ++i) {
            const Stranger stranger{.address = "10.0.0." + std::to_string(i)};
            if (log.refused(stranger, AuthReject::NotPeer, now)) ++lines;
        }
        return lines;
    };
    CHECK(lines_at(0) == 64);
    CHECK(lines_at(second) == 0);
    CHECK(lines_at(61 * second) == 64);
}
