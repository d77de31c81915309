#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace faultlab {

/// The lab's only source of randomness: xoshiro256** (Blackman and Vigna 2018), integers only, so
/// that the same seed gives the same numbers on every machine and with every library. Not for
/// secrets. A stream is owned by one thread.
class Rng {
public:
    explicit Rng(std::uint64_t seed);

    /// A new stream that depends on this one's seed and the name only, not on what was drawn: a
    /// draw added to one stream moves no other.
    [[nodiscard]] Rng split(std::string_view name) const;

    std::uint64_t next() {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// Uniform in [0, bound). Requires: bound > 0.
    std::uint64_t below(std::uint64_t bound);

    /// Uniform in [low, high], both included. Requires: low <= high.
    std::int64_t between(std::int64_t low, std::int64_t high);

    /// True with probability numerator / denominator. Requires: denominator > 0.
    bool chance(std::uint64_t numerator, std::uint64_t denominator);

    /// Uniform random order of the items.
    template <class T>
    void shuffle(std::span<T> items) {
        for (std::size_t i = items.size(); i > 1; --i) {
            std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
        }
    }

    [[nodiscard]] std::uint64_t seed() const { return seed_; }

private:
    std::uint64_t seed_;
    std::array<std::uint64_t, 4> state_;
};

} // namespace faultlab
