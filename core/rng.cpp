#include "core/rng.hpp"

#include "core/check.hpp"

#include <bit>

namespace faultlab {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): turns related seeds into unrelated states.
std::uint64_t mix(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

} // namespace

Rng::Rng(std::uint64_t seed) : seed_(seed), state_() {
    std::uint64_t s = seed;
    for (std::uint64_t& word : state_)
        word = mix(s);
}

Rng Rng::split(std::string_view name) const {
    std::uint64_t hash = 0xcbf29ce484222325U; // FNV-1a
    for (const char c : name) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    std::uint64_t s = seed_ ^ std::rotl(hash, 17);
    return Rng(mix(s));
}

std::uint64_t Rng::below(std::uint64_t bound) {
    FAULTLAB_CHECK(bound > 0);
    // Rejection keeps it uniform: values under 2^64 mod bound would come up once too often. As that
    // is below the bound, it hardly ever has to be known.
    for (;;) {
        const std::uint64_t draw = next();
        if (draw >= bound || draw >= (0 - bound) % bound) return draw % bound;
    }
}

std::int64_t Rng::between(std::int64_t low, std::int64_t high) {
    FAULTLAB_CHECK(low <= high);
    const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    if (width == UINT64_MAX) return static_cast<std::int64_t>(next());
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + below(width + 1));
}

bool Rng::chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
}

} // namespace faultlab
