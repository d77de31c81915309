#pragma once

#include "replica/core/types.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace faultlab::fuzz {

/// Takes a fuzzer's bytes apart; zeroes once they are used up.
class FuzzInput {
public:
    FuzzInput(const std::uint8_t* data, std::size_t size)
        : rest_(std::as_bytes(std::span(data, size))) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] T take() {
        T value{};
        const replica::Bytes bytes = take_bytes(sizeof(T));
        if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
        return value;
    }
    [[nodiscard]] std::uint8_t byte() { return take<std::uint8_t>(); }
    /// Uniform enough in [0, bound). Requires: bound > 0.
    [[nodiscard]] std::size_t below(std::size_t bound) {
        return bound <= 256 ? byte() % bound : take<std::uint32_t>() % bound;
    }
    /// Mostly a number close to `base`, sometimes any.
    [[nodiscard]] std::uint64_t near(std::uint64_t base) {
        const std::uint8_t choice = byte();
        if (choice >= 248) return take<std::uint64_t>();
        return base + choice % 8 - (choice >= 128 ? 4U : 0U);
    }
    /// At most that many.
    [[nodiscard]] replica::Bytes take_bytes(std::size_t size) {
        const replica::Bytes taken = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

private:
    replica::Bytes rest_;
};

/// Stops the fuzzer with a crash where a property does not hold.
inline void require(bool holds) {
    if (!holds) __builtin_trap();
}

} // namespace faultlab::fuzz
