#include "tests/unit/replica_wire/channel_pair.hpp"

using namespace faultlab::replica;
using namespace faultlab::replica::test;

TEST_CASE("two ends that have the key exchange frames, however the stream is cut") {
    const std::size_t piece = GENERATE(1, 3, 16, 111, 112, 113, 4096);
    CAPTURE(piece);
    Pair pair;
    pair.shake(piece);
    REQUIRE(pair.a.established());
    REQUIRE(pair.b.established());
    CHECK(pair.a.peer() == 2);
    CHECK(pair.b.peer() == 1);
    Buffer stream;
    std::vector<Owned> sent;
    for (std::size_t i = 0; i < 40; ++i) {
        sent.push_back(message(i * 19, i));
        pair.a.seal(sent.back().header, sent.back().body, stream);
    }
    const std::vector<Owned> got = feed(pair.b, stream, piece);
    REQUIRE(got.size() == sent.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(std::memcmp(&got[i].header, &sent[i].header, sizeof(Header)) == 0);
        CHECK(got[i].body == sent[i].body);
    }
    CHECK(feed(pair.a, frame(pair.b, cap - sizeof(Header), 1)).size() == 1);
}

TEST_CASE("a client is known as one, and clients do not talk to each other") {
    Channel::Settings client = dialler;
    client.self = no_replica;
    Pair pair(key_of(1), key_of(1), client);
    pair.shake();
    REQUIRE(pair.b.established());
    CHECK(pair.b.peer() == no_replica);
    Channel::Settings other = acceptor;
    other.self = no_replica;
    Channel a(client, key_of(1), nonce_of(1));
    Channel b(other, key_of(1), nonce_of(2));
    feed(b, a.take_handshake());
    CHECK(b.rejected() == AuthReject::Peer);
}
