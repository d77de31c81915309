#pragma once

#include "replica/wire/channel.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

/// Two ends of a channel in one test, with known keys and nonces.
namespace faultlab::replica::test {

using Buffer = std::vector<std::byte>;

inline Key key_of(unsigned char fill) {
    std::array<std::byte, Key::size> bytes;
    bytes.fill(std::byte{fill});
    return Key(bytes);
}
inline Nonce nonce_of(unsigned char fill) {
    Nonce nonce;
    nonce.fill(std::byte{fill});
    return nonce;
}

constexpr std::uint32_t cap = 1024;
inline const Channel::Settings dialler{
    .dialled = true, .self = 1, .cluster = 7, .message_bytes = cap};
inline const Channel::Settings acceptor{.self = 2, .cluster = 7, .message_bytes = cap};

struct Owned {
    Header header;
    Buffer body;
};

/// Feeds everything, in pieces of at most `piece` bytes; gives the frames that came out.
inline std::vector<Owned> feed(Channel& channel, Bytes bytes, std::size_t piece = 4096) {
    std::vector<Owned> frames;
    while (!bytes.empty() && channel.rejected() == AuthReject::None) {
        const auto space = channel.space();
        const std::size_t taken = std::min({piece, bytes.size(), space.size()});
        REQUIRE(taken > 0);
        std::copy_n(bytes.begin(), taken, space.begin());
        channel.received(taken);
        bytes = bytes.subspan(taken);
        while (const auto message = channel.next()) {
            frames.push_back({message->header, {message->body.begin(), message->body.end()}});
        }
    }
    return frames;
}

struct Pair {
    explicit Pair(Key of_a = key_of(1),
                  Key of_b = key_of(1),
                  Channel::Settings a_settings = dialler)
        : a(a_settings, of_a, nonce_of(10)), b(acceptor, of_b, nonce_of(20)) {}
    void shake(std::size_t piece = 4096) {
        for (int round = 0; round < 2; ++round) {
            const Buffer of_a = a.take_handshake();
            const Buffer of_b = b.take_handshake();
            feed(b, of_a, piece);
            feed(a, of_b, piece);
        }
    }
    Channel a;
    Channel b;
};

inline Owned message(std::size_t body_bytes, std::uint64_t op) {
    Owned owned{.body = Buffer(body_bytes, std::byte{0x5a})};
    owned.header.command = Command::Commit;
    owned.header.op = op;
    seal(owned.header, owned.body);
    return owned;
}
inline Buffer frame(Channel& from, std::size_t body_bytes, std::uint64_t op) {
    const Owned owned = message(body_bytes, op);
    Buffer out;
    from.seal(owned.header, owned.body, out);
    return out;
}

} // namespace faultlab::replica::test
