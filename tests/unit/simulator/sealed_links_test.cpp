#include "simulator/sealed_links.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;
using namespace faultlab::simulator;
using faultlab::replica::AuthReject;
using faultlab::replica::Forgery;
using faultlab::replica::ForgeryEntry;

namespace {

constexpr Nanos ms = 1'000'000;

Packet packet(Endpoint from, Endpoint to, Op op) {
    Packet made{.from = from, .to = to};
    made.header.command = Command::Commit;
    made.header.op = op;
    made.body.assign(op % 50, std::byte{7});
    reseal(made);
    return made;
}

} // namespace

TEST_CASE("Authenticated links carry what replicas and clients send", "[simulator]") {
    SealedLinks links(4096, Rng(1));
    for (Op op = 0; op < 100; ++op) {
        CHECK(links.carry(0, packet(1, 2, op)));
        CHECK(links.carry(0, packet(2, 1, op)));
        CHECK(links.carry(0, packet(3, 1, op)));
        CHECK(links.carry(0, packet(client_base, 3, op)));
    }
    CHECK(links.opened() == 3);
    CHECK(links.refused() == 0);
}

TEST_CASE("A forged frame is refused by its class, and its connection opened again",
          "[simulator]") {
    for (const ForgeryEntry& forgery : replica::forgeries()) {
        if (forgery.forgery == Forgery::WrongKey) continue;
        CAPTURE(forgery.name);
        SealedLinks links(4096, Rng(1));
        CHECK(links.carry(0, packet(1, 2, 1)));
        CHECK_FALSE(links.carry(0, packet(1, 2, 2), forgery.forgery));
        CHECK(links.refused(forgery.refused_as) == 1);
        CHECK(links.refused() == 1);
        CHECK_FALSE(links.carry(1 * ms, packet(2, 1, 3)));
        CHECK(links.carry(1 * ms, packet(1, 3, 3))); // another connection
        CHECK(links.carry(10 * ms, packet(2, 1, 4)));
        CHECK(links.carry(10 * ms, packet(1, 2, 5)));
        CHECK(links.refused() == 1);
    }
}

TEST_CASE("Who has another key is refused by everybody until it has the right one", "[simulator]") {
    SealedLinks links(4096, Rng(1));
    CHECK(links.carry(0, packet(1, 2, 1)));
    links.set_wrong_key(0, 2, true);
    for (Nanos now = 10 * ms; now <= 50 * ms; now += 10 * ms) {
        CHECK_FALSE(links.carry(now, packet(1, 2, 2)));
        CHECK_FALSE(links.carry(now, packet(2, 3, 2)));
        CHECK(links.carry(now, packet(1, 3, 2)));
    }
    CHECK(links.refused(AuthReject::WrongKey) == 10);
    links.set_wrong_key(50 * ms, 2, false);
    CHECK(links.carry(60 * ms, packet(1, 2, 3)));
}
