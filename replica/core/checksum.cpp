#include "replica/core/checksum.hpp"

#include "replica/core/checksum_wide.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace faultlab::replica {
namespace {

/// Shorter ones are hashed without vectors.
constexpr std::size_t wide_from = 241;

bool has_wide_vectors() {
#ifdef __x86_64__
    static const bool has = __builtin_cpu_supports("avx2") != 0;
    return has;
#else
    return false;
#endif
}

} // namespace

Checksum checksum(Bytes bytes, std::uint64_t seed) {
    if (bytes.size() >= wide_from && has_wide_vectors()) {
        const WideChecksum wide = wide_checksum(bytes.data(), bytes.size(), seed);
        return Checksum{wide.low, wide.high};
    }
    const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return Checksum{hash.low64, hash.high64};
}

Checksum chain(const Checksum& before, Bytes link) {
    const Checksum of_link = checksum(link);
    const std::array<Checksum, 2> both{before, of_link};
    return checksum(std::as_bytes(std::span(both)));
}

} // namespace faultlab::replica
