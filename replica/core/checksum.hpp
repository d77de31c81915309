#pragma once

#include "replica/core/types.hpp"

#include <compare>

namespace faultlab::replica {

/// 128 bits of XXH3 (vectorised where the hardware can): finds torn, misdirected and rotten bytes.
/// It is no signature: who may speak at all is decided by replica/wire.
struct Checksum {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend constexpr auto operator<=>(const Checksum&, const Checksum&) = default;
};

/// `seed` separates domains: the same bytes in another role have another checksum.
[[nodiscard]] Checksum checksum(Bytes bytes, std::uint64_t seed = 0);

/// The checksum of a chain after one more link.
[[nodiscard]] Checksum chain(const Checksum& before, Bytes link);

} // namespace faultlab::replica
