#include "replica/core/checksum_wide.hpp"

// Built for processors that have AVX2, and linked into programs that run on others: nothing may be
// included here of which the linker could take this copy for everybody.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace faultlab::replica {

WideChecksum wide_checksum(const void* bytes, std::size_t size, std::uint64_t seed) {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, size, seed);
    return {hash.low64, hash.high64};
}

} // namespace faultlab::replica
