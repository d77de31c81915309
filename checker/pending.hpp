#pragma once

#include "checker/configurations.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace faultlab {

struct Configuration {
    RegisterState state;
    std::vector<Word> used;
};

inline constexpr std::uint32_t no_slot = UINT32_MAX;
inline constexpr std::size_t word_bits = 64;

/// The operations that are pending at one moment of the search.
struct Pending {
    std::vector<std::uint32_t> slot_of; ///< by operation: its bit in a configuration
    std::vector<std::uint32_t> observers;
    std::vector<std::uint32_t> updates; ///< by return, then invocation
    std::size_t definite_updates = 0;   ///< so many of these come first
    /// The open ones by signature, in order of invocation, and the signatures that have any.
    std::vector<std::vector<std::uint32_t>> open_of_kind;
    std::vector<std::uint32_t> open_kinds;
    std::vector<Word> open_slots = {0}; ///< which slots hold open operations
    Index now = 0;

    [[nodiscard]] bool used(const Configuration& c, std::uint32_t op) const {
        const std::uint32_t slot = slot_of[op];
        return (c.used[slot / word_bits] >> (slot % word_bits) & 1U) != 0;
    }
    /// Calls `visit` with every definite update, and with one open one of each signature, that is
    /// not used.
    template <class Visit>
    void each_unused(const Configuration& c, Visit visit) const {
        for (std::size_t i = 0; i < definite_updates; ++i) {
            if (!used(c, updates[i])) visit(updates[i]);
        }
        for (const std::uint32_t kind : open_kinds) {
            const auto& same = open_of_kind[kind];
            const auto next =
                std::ranges::find_if(same, [&](std::uint32_t op) { return !used(c, op); });
            if (next != same.end()) visit(*next);
        }
    }
    void use(Configuration& c, std::uint32_t op) const {
        const std::uint32_t slot = slot_of[op];
        c.used[slot / word_bits] |= Word{1} << (slot % word_bits);
    }
    void forget(Configuration& c, std::uint32_t op) const {
        const std::uint32_t slot = slot_of[op];
        c.used[slot / word_bits] &= ~(Word{1} << (slot % word_bits));
    }
    /// How many open operations are among those used.
    [[nodiscard]] std::size_t open_used(std::span<const Word> used) const {
        std::size_t count = 0;
        for (std::size_t w = 0; w < used.size(); ++w)
            count += static_cast<std::size_t>(std::popcount(used[w] & open_slots[w]));
        return count;
    }
};

} // namespace faultlab
