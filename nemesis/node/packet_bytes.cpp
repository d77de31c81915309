#include "nemesis/node/packet_bytes.hpp"

#include <netinet/in.h>

#include <cstddef>
#include <cstring>

namespace faultlab::node {
namespace {

constexpr std::size_t shortest_header = 20;
constexpr std::size_t icmp_header = 8;
constexpr std::size_t udp_header = 8;
constexpr std::size_t shortest_tcp_header = 20;

std::uint16_t word_at(ConstBytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

void store_word(Bytes bytes, std::size_t at, std::uint16_t word) {
    bytes[at] = static_cast<std::uint8_t>(word >> 8U);
    bytes[at + 1] = static_cast<std::uint8_t>(word);
}

std::uint32_t address_at(ConstBytes packet, std::size_t at) {
    if (packet.size() < shortest_header || packet[0] >> 4U != 4) return 0;
    std::uint32_t address = 0;
    std::memcpy(&address, packet.data() + at, sizeof(address));
    return address;
}

/// Where things are in a packet that is no fragment.
struct Layout {
    std::size_t segment = 0;  ///< of TCP, UDP or ICMP
    std::size_t content = 0;  ///< what it carries
    std::size_t checksum = 0; ///< of the segment
    std::size_t end = 0;
    std::uint8_t protocol = 0;
    bool pseudo_header = false;
    bool known = false;
};

Layout layout_of(ConstBytes packet) {
    Layout layout;
    if (packet.size() < shortest_header || packet[0] >> 4U != 4) return layout;
    constexpr unsigned fragment_bits = 0x3fff; // "more fragments", and the offset
    layout.segment = std::size_t{packet[0] & 0xfU} * 4;
    layout.end = word_at(packet, 2);
    layout.protocol = packet[9];
    std::size_t header = 0;
    switch (layout.protocol) {
        case IPPROTO_ICMP: header = icmp_header; break;
        case IPPROTO_UDP: header = udp_header; break;
        case IPPROTO_TCP: header = shortest_tcp_header; break;
        default: return layout;
    }
    const bool whole = (word_at(packet, 6) & fragment_bits) == 0 && layout.end <= packet.size() &&
                       layout.segment >= shortest_header && layout.segment + header <= layout.end;
    if (!whole) return layout;
    if (layout.protocol == IPPROTO_TCP)
        header = static_cast<std::size_t>(packet[layout.segment + 12] >> 4U) * 4;
    const std::size_t checksum_in_segment = layout.protocol == IPPROTO_ICMP  ? 2
                                            : layout.protocol == IPPROTO_UDP ? 6
                                                                             : 16;
    layout.checksum = layout.segment + checksum_in_segment;
    layout.content = layout.segment + header;
    layout.pseudo_header = layout.protocol != IPPROTO_ICMP;
    layout.known = header >= icmp_header && layout.content <= layout.end;
    return layout;
}

/// Over the segment as it is, its checksum included: 0 when that is right.
std::uint16_t segment_checksum(ConstBytes packet, const Layout& layout) {
    const std::size_t size = layout.end - layout.segment;
    std::uint32_t start = 0;
    if (layout.pseudo_header) {
        start = layout.protocol + static_cast<std::uint32_t>(size);
        for (std::size_t at = 12; at < shortest_header; at += 2)
            start += word_at(packet, at);
    }
    return internet_checksum(packet.subspan(layout.segment, size), start);
}

} // namespace

std::uint32_t source_of(ConstBytes packet) {
    return address_at(packet, 12);
}

std::uint32_t destination_of(ConstBytes packet) {
    return address_at(packet, 16);
}

std::uint16_t internet_checksum(ConstBytes bytes, std::uint32_t start) {
    std::uint64_t sum = start;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
        sum += word_at(bytes, i);
    if (bytes.size() % 2 == 1) sum += std::uint64_t{bytes.back()} << 8U;
    while (sum >> 16U != 0)
        sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

bool checksums_right(ConstBytes packet) {
    const Layout layout = layout_of(packet);
    if (!layout.known) return false;
    if (internet_checksum(packet.first(layout.segment)) != 0) return false;
    if (layout.protocol == IPPROTO_UDP && word_at(packet, layout.checksum) == 0) return true;
    return segment_checksum(packet, layout) == 0;
}

bool flip_bit(Bytes packet, std::uint64_t at, bool mended) {
    const Layout layout = layout_of(packet);
    if (!layout.known || layout.content == layout.end) return false;
    const std::uint64_t bit = at % ((layout.end - layout.content) * 8);
    packet[layout.content + bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    if (!mended) return true;
    store_word(packet, layout.checksum, 0);
    const std::uint16_t right = segment_checksum(packet, layout);
    // In UDP zero means that there is none.
    store_word(
        packet, layout.checksum, right == 0 && layout.protocol == IPPROTO_UDP ? 0xffff : right);
    return true;
}

} // namespace faultlab::node
