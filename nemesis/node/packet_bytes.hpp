#pragma once

#include <cstdint>
#include <span>

/// The bytes of IPv4 packets: whence they come, and damage. Pure.
namespace faultlab::node {

using Bytes = std::span<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;

/// Source, as in the packet; 0 when it is no whole IPv4 header.
[[nodiscard]] std::uint32_t source_of(ConstBytes packet);
/// Destination, likewise.
[[nodiscard]] std::uint32_t destination_of(ConstBytes packet);

/// The checksum of the internet (RFC 1071) over the bytes, ready to be stored; `start` is a sum of
/// more 16-bit words.
[[nodiscard]] std::uint16_t internet_checksum(ConstBytes bytes, std::uint32_t start = 0);

/// Whether the checksums of the IPv4 header, and of TCP, UDP or ICMP in it, are right.
[[nodiscard]] bool checksums_right(ConstBytes packet);

/// Flips one bit of what TCP, UDP or ICMP carry, chosen by `at`. With `mended` the checksum is made
/// right again: the receiver cannot see the damage; without it the receiver drops the packet. False
/// when the packet carries nothing, or is a fragment, or of another protocol: it stays as it is.
bool flip_bit(Bytes packet, std::uint64_t at, bool mended);

} // namespace faultlab::node
