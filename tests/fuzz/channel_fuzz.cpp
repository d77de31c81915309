// A peer that may say anything at any time: before the handshake, within it, and after it between
// frames that the honest other end signed. Nothing may come out that was not sealed, in its order.

#include "replica/wire/channel.hpp"
#include "tests/fuzz/fuzz_input.hpp"

#include <vector>

using namespace faultlab::fuzz;
using namespace faultlab::replica;

namespace {

constexpr std::uint32_t cap = 1024;

Key key() {
    std::array<std::byte, Key::size> bytes;
    bytes.fill(std::byte{7});
    return Key(bytes);
}
Nonce nonce(std::uint8_t fill) {
    Nonce made;
    made.fill(std::byte{fill});
    return made;
}

/// What was sealed and has not come out yet.
struct Sealed {
    std::vector<Header> messages;
    std::size_t out = 0;
};

void feed(Channel& channel, Bytes bytes, std::size_t piece, Sealed& sealed) {
    while (!bytes.empty() && channel.rejected() == AuthReject::None) {
        const std::span<std::byte> space = channel.space();
        require(!space.empty());
        const std::size_t taken = std::min({piece, bytes.size(), space.size()});
        std::copy_n(bytes.begin(), taken, space.begin());
        channel.received(taken);
        bytes = bytes.subspan(taken);
        while (const auto message = channel.next()) {
            require(sealed.out < sealed.messages.size());
            const Header& expected = sealed.messages[sealed.out++];
            require(std::memcmp(&expected, &message->header, sizeof(Header)) == 0);
            require(intact(message->header, message->body));
        }
    }
    if (channel.rejected() != AuthReject::None) require(!channel.next());
}

std::vector<std::byte> sealed_frame(Channel& peer, FuzzInput& input, Sealed& sealed) {
    Header header;
    header.op = input.byte();
    const Bytes body = input.take_bytes(input.below(cap - sizeof(Header) + 1));
    seal(header, body);
    std::vector<std::byte> frame;
    peer.seal(header, body, frame);
    sealed.messages.push_back(header);
    return frame;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    const bool dialled = input.byte() % 2 == 1;
    const std::size_t piece = 1 + input.below(2000);
    Channel channel(
        {.dialled = dialled, .self = 1, .cluster = 9, .message_bytes = cap}, key(), nonce(1));
    Channel peer({.dialled = !dialled,
                  .self = input.byte(),
                  .cluster = std::uint64_t{9} + (input.byte() == 255 ? 1 : 0),
                  .message_bytes = cap},
                 key(),
                 nonce(2));
    Sealed sealed;
    Sealed back;
    std::vector<std::byte> last;
    while (!input.empty() && channel.rejected() == AuthReject::None) {
        switch (input.below(6)) {
            case 0: feed(channel, input.take_bytes(input.below(300)), piece, sealed); break;
            case 1: // an honest step of the handshake
                feed(channel, peer.take_handshake(), piece, sealed);
                if (peer.rejected() == AuthReject::None) {
                    feed(peer, channel.take_handshake(), 4096, back);
                }
                break;
            case 2:
                if (!peer.established()) break;
                last = sealed_frame(peer, input, sealed);
                feed(channel, last, piece, sealed);
                break;
            case 3: // once more
                feed(channel, last, piece, sealed);
                break;
            case 4: // changed on its way, and with luck not at all
                if (!peer.established()) break;
                last = sealed_frame(peer, input, sealed);
                last[input.below(last.size())] ^= static_cast<std::byte>(input.byte());
                feed(channel, last, piece, sealed);
                break;
            case 5: // left out
                if (peer.established()) last = sealed_frame(peer, input, sealed);
                break;
            default: break;
        }
    }
    return 0;
}
