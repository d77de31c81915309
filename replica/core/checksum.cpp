#include "replica/core/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace faultlab::replica {

Checksum checksum(Bytes bytes, std::uint64_t seed) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return Checksum{hash.low64, hash.high64};
}

Checksum chain(const Checksum& before, Bytes link) {
    const Checksum of_link = checksum(link);
    const std::array<Checksum, 2> both{before, of_link};
    return checksum(std::as_bytes(std::span(both)));
}

} // namespace faultlab::replica
