// What each class of AuthReject stands for, produced by an attacker between two honest ends.

#include "core/rng.hpp"
#include "tests/unit/replica_wire/channel_pair.hpp"

using namespace faultlab::replica;
using namespace faultlab::replica::test;

namespace {

constexpr std::size_t version_offset = 8;
constexpr std::size_t scheme_offset = 10;
constexpr std::size_t nonce_offset = 32;
constexpr std::size_t tag_offset = 80;

/// What the acceptor makes of the dialler's hello after `change`.
template <typename Change>
AuthReject judged(Change change, Key key = key_of(1)) {
    Pair pair(key);
    Buffer hello = pair.a.take_handshake();
    change(hello);
    CHECK(feed(pair.b, hello).empty());
    CHECK_FALSE(pair.b.established());
    return pair.b.rejected();
}

void flip(Buffer& bytes, std::size_t at) {
    bytes.at(at) ^= std::byte{1};
}

/// The first of two frames arrives after `change`.
template <typename Change>
AuthReject judged_frame(Change change) {
    Pair pair;
    pair.shake();
    Buffer stream = frame(pair.a, 100, 1);
    change(stream);
    const Buffer good = frame(pair.a, 100, 2);
    stream.insert(stream.end(), good.begin(), good.end());
    CHECK(feed(pair.b, stream).empty());
    return pair.b.rejected();
}

} // namespace

TEST_CASE("bytes of another program are refused by the first that differs") {
    for (const std::string& text :
         {std::string("GET / HTTP/1.1\r\n"), std::string("F "), std::string("\0\0\1\1", 4)}) {
        Channel channel(acceptor, key_of(1), nonce_of(1));
        feed(channel, std::as_bytes(std::span(text)));
        CHECK(channel.rejected() == AuthReject::NotPeer);
    }
}

TEST_CASE("an older wire version is refused before its hello is whole") {
    CHECK(judged([](Buffer& hello) {
              hello.at(version_offset) = std::byte{0};
              hello.resize(scheme_offset + 1);
          }) == AuthReject::Version);
}

TEST_CASE("nobody can agree on less than authentication") {
    CHECK(judged([](Buffer& hello) { hello.at(scheme_offset) = std::byte{0}; }) ==
          AuthReject::Unsigned);
    CHECK(judged([](Buffer& hello) {
              std::fill_n(hello.begin() + tag_offset, 32, std::byte{0});
          }) == AuthReject::Unsigned);
    CHECK(judged([](Buffer& hello) { hello.insert(hello.end(), proof_bytes, std::byte{0}); }) ==
          AuthReject::Unsigned);
    CHECK(judged_frame([](Buffer& frame) { std::fill_n(frame.end() - 16, 16, std::byte{0}); }) ==
          AuthReject::Unsigned);
}

TEST_CASE("another key, a changed hello and an invented one are told apart") {
    CHECK(judged([](Buffer&) {}, key_of(2)) == AuthReject::WrongKey);
    CHECK(judged([](Buffer& hello) { flip(hello, nonce_offset); }) == AuthReject::Tampered);
    CHECK(judged([](Buffer& hello) { flip(hello, tag_offset); }) == AuthReject::Forged);
}

TEST_CASE("a recorded conversation does not open another one") {
    Pair first;
    Buffer recorded = first.a.take_handshake();
    feed(first.b, recorded);
    feed(first.a, first.b.take_handshake());
    const Buffer proof = first.a.take_handshake();
    REQUIRE(proof.size() == proof_bytes);
    recorded.insert(recorded.end(), proof.begin(), proof.end());
    Channel same_nonce(acceptor, key_of(1), nonce_of(20));
    feed(same_nonce, recorded);
    CHECK(same_nonce.established()); // why a nonce must be fresh
    Channel fresh(acceptor, key_of(1), nonce_of(21));
    feed(fresh, recorded);
    CHECK(fresh.rejected() == AuthReject::Replayed);
}

TEST_CASE("an echo is not a peer") {
    Channel a(dialler, key_of(1), nonce_of(1));
    feed(a, a.take_handshake());
    CHECK(a.rejected() == AuthReject::Replayed);

    Pair pair;
    pair.shake();
    feed(pair.a, frame(pair.a, 10, 1));
    CHECK(pair.a.rejected() == AuthReject::Replayed);
}

TEST_CASE("frames that were changed, invented, repeated or left out are told apart") {
    CHECK(judged_frame([](Buffer& frame) { flip(frame, frame.size() - 30); }) ==
          AuthReject::Tampered);
    CHECK(judged_frame([](Buffer& frame) { flip(frame, 4 + 40); }) == AuthReject::Tampered);
    CHECK(judged_frame([](Buffer& frame) {
              const Owned other = message(100, 999);
              std::memcpy(frame.data() + 4, &other.header, sizeof(Header));
          }) == AuthReject::Forged);
    CHECK(judged_frame([](Buffer& frame) { frame.clear(); }) == AuthReject::Skipped);

    Pair pair;
    pair.shake();
    const Buffer sent = frame(pair.a, 10, 1);
    CHECK(feed(pair.b, sent).size() == 1);
    CHECK(feed(pair.b, sent).empty());
    CHECK(pair.b.rejected() == AuthReject::Replayed);
    CHECK(feed(pair.b, frame(pair.a, 10, 2)).empty()); // nothing comes after a rejection
}

TEST_CASE("a cluster talks to its own, and a dialler to whom it dialled") {
    Channel::Settings foreign = dialler;
    foreign.cluster = 8;
    Pair clusters(key_of(1), key_of(1), foreign);
    clusters.shake();
    CHECK(clusters.b.rejected() == AuthReject::Cluster);

    Channel::Settings expecting = dialler;
    expecting.peer = ReplicaId{3};
    Pair peers(key_of(1), key_of(1), expecting);
    peers.shake();
    CHECK(peers.a.rejected() == AuthReject::Peer);

    Channel::Settings twin = dialler;
    twin.self = acceptor.self;
    Pair twins(key_of(1), key_of(1), twin);
    twins.shake();
    CHECK(twins.b.rejected() == AuthReject::Peer);
}

TEST_CASE("a frame's length is judged before its bytes are waited for") {
    for (const std::uint32_t length : {0U, 255U, cap + 1, (16U << 20U) + 1, 0xFFFFFFFFU}) {
        Pair pair;
        pair.shake();
        feed(pair.b, std::as_bytes(std::span(&length, 1)));
        CHECK(pair.b.rejected() == AuthReject::Size);
    }
}

TEST_CASE("no flipped bit ever gets through") {
    faultlab::Rng rng(1);
    for (int i = 0; i < 2000; ++i) {
        Pair pair;
        pair.shake();
        Buffer stream;
        for (std::uint64_t op = 0; op < 3; ++op) {
            const Buffer one = frame(pair.a, 50, op);
            stream.insert(stream.end(), one.begin(), one.end());
        }
        const std::size_t at = rng.below(stream.size());
        stream[at] ^= std::byte{1} << static_cast<int>(rng.below(8));
        const std::vector<Owned> got = feed(pair.b, stream);
        const std::size_t whole = at / (stream.size() / 3);
        // Only a length that grew can leave it waiting instead of refusing.
        CHECK((got.size() == whole &&
               (pair.b.rejected() != AuthReject::None || at % (stream.size() / 3) < 4)));
        for (std::size_t op = 0; op < got.size(); ++op) {
            CHECK(got[op].header.op == op);
        }
    }
}
