#include "core/rng.hpp"
#include "nemesis/node/packet_bytes.hpp"
#include "tests/support/catch.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <vector>

using namespace faultlab;
using namespace faultlab::node;

namespace {

void store(std::vector<std::uint8_t>& packet, std::size_t at, unsigned word) {
    packet[at] = static_cast<std::uint8_t>(word >> 8U);
    packet[at + 1] = static_cast<std::uint8_t>(word);
}

/// An IPv4 packet of so many bytes of content, with right checksums.
std::vector<std::uint8_t> packet_of(std::uint8_t protocol, std::size_t content) {
    const std::size_t header = protocol == IPPROTO_TCP ? 20 : 8;
    std::vector<std::uint8_t> packet(20 + header + content);
    packet[0] = 0x45;
    store(packet, 2, static_cast<unsigned>(packet.size()));
    packet[8] = 64;
    packet[9] = protocol;
    const std::vector<std::uint8_t> addresses = {10, 0, 0, 1, 10, 0, 0, 2};
    std::ranges::copy(addresses, packet.begin() + 12);
    store(packet, 10, internet_checksum(ConstBytes(packet).first(20)));
    if (protocol == IPPROTO_TCP) packet[32] = 0x50;
    if (protocol == IPPROTO_UDP) store(packet, 24, static_cast<unsigned>(header + content));
    for (std::size_t i = 0; i < content; ++i)
        packet[20 + header + i] = static_cast<std::uint8_t>(i * 5 + 3);
    std::uint32_t sum = 0;
    if (protocol != IPPROTO_ICMP) {
        sum = protocol + static_cast<std::uint32_t>(header + content);
        for (std::size_t at = 12; at < 20; at += 2)
            sum += static_cast<std::uint32_t>(packet[at] << 8U | packet[at + 1]);
    }
    const std::size_t checksum = protocol == IPPROTO_TCP ? 36 : protocol == IPPROTO_UDP ? 26 : 22;
    store(packet, checksum, internet_checksum(ConstBytes(packet).subspan(20), sum));
    return packet;
}

int different_bits(const std::vector<std::uint8_t>& a,
                   const std::vector<std::uint8_t>& b,
                   std::size_t from) {
    int count = 0;
    for (std::size_t i = from; i < a.size(); ++i)
        count += std::popcount(static_cast<unsigned>(a[i] ^ b[i]));
    return count;
}

} // namespace

TEST_CASE("the checksum of the internet is that of the example in RFC 1071") {
    const std::vector<std::uint8_t> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    CHECK(internet_checksum(bytes) == static_cast<std::uint16_t>(~0xddf2U));
}

TEST_CASE("addresses are read from whole headers only") {
    const auto packet = packet_of(IPPROTO_UDP, 4);
    CHECK(source_of(packet) == htonl(0x0a000001));
    CHECK(destination_of(packet) == htonl(0x0a000002));
    CHECK(source_of(ConstBytes(packet).first(19)) == 0);
}

TEST_CASE("one flipped bit breaks the checksum, and can be hidden by mending it") {
    Rng rng(5);
    for (const int protocol : {IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP}) {
        for (const std::size_t content : {1U, 2U, 37U, 1400U}) {
            const auto original = packet_of(static_cast<std::uint8_t>(protocol), content);
            const std::size_t begin = original.size() - content;
            INFO("protocol " << protocol << ", " << content << " bytes");
            REQUIRE(checksums_right(original));
            for (int i = 0; i < 50; ++i) {
                const std::uint64_t at = rng.next();
                auto broken = original;
                REQUIRE(flip_bit(broken, at, false));
                CHECK_FALSE(checksums_right(broken));
                CHECK(different_bits(original, broken, 0) == 1);
                auto mended = original;
                REQUIRE(flip_bit(mended, at, true));
                CHECK(checksums_right(mended));
                CHECK(different_bits(original, mended, begin) == 1);
            }
        }
    }
}

TEST_CASE("packets that carry nothing, fragments and unknown protocols stay as they are") {
    auto empty = packet_of(IPPROTO_TCP, 0);
    CHECK_FALSE(flip_bit(empty, 3, true));
    auto fragment = packet_of(IPPROTO_UDP, 10);
    fragment[7] = 4;
    CHECK_FALSE(flip_bit(fragment, 3, true));
    auto unknown = packet_of(IPPROTO_UDP, 10);
    unknown[9] = 99;
    CHECK_FALSE(flip_bit(unknown, 3, true));
    auto cut = packet_of(IPPROTO_UDP, 10);
    cut.resize(24);
    CHECK_FALSE(flip_bit(cut, 3, true));
    std::vector<std::uint8_t> nothing;
    CHECK_FALSE(flip_bit(nothing, 3, true));
}

TEST_CASE("headers that lie about lengths are never followed beyond the packet") {
    Rng rng(11);
    for (int i = 0; i < 20'000; ++i) {
        auto packet = packet_of(i % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP, 20);
        packet.resize(static_cast<std::size_t>(rng.between(0, 48)));
        for (int changes = 0; changes < 3 && !packet.empty(); ++changes)
            packet[rng.below(packet.size())] = static_cast<std::uint8_t>(rng.next());
        const auto before = packet;
        const bool flipped = flip_bit(packet, rng.next(), false);
        CHECK(different_bits(before, packet, 0) == (flipped ? 1 : 0));
    }
}
