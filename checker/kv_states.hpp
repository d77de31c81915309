#pragma once

#include "checker/kv_model.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace faultlab {

/// States of a group of keys, each kept once under a number: the place of every key. Open
/// addressing; the hash is a sum over the places. Owned by one thread.
class KvStates {
public:
    using Number = std::uint32_t;

    explicit KvStates(std::size_t keys) : keys_(keys), table_(64, none) {}

    Number number(std::span<const PlaceId> state) {
        const std::uint64_t hash = hash_of(state);
        std::size_t probe = hash & (table_.size() - 1);
        for (; table_[probe] != none; probe = (probe + 1) & (table_.size() - 1)) {
            if (std::ranges::equal(at(table_[probe]), state)) return table_[probe];
        }
        const auto next = static_cast<Number>(count_++);
        places_.insert(places_.end(), state.begin(), state.end());
        table_[probe] = next;
        if (count_ * 2 > table_.size()) grow();
        return next;
    }

    /// Valid until the next call of `number`.
    [[nodiscard]] std::span<const PlaceId> at(Number number) const {
        return std::span(places_).subspan(number * keys_, keys_);
    }
    [[nodiscard]] std::size_t size() const { return count_; }

    void clear() {
        count_ = 0;
        places_.clear();
        std::ranges::fill(table_, none);
    }

    [[nodiscard]] std::int64_t bytes() const {
        return static_cast<std::int64_t>(places_.capacity() * sizeof(PlaceId) +
                                         table_.capacity() * sizeof(Number));
    }

private:
    static constexpr Number none = UINT32_MAX;

    static std::uint64_t hash_of(std::span<const PlaceId> state) {
        std::uint64_t sum = 0;
        for (const PlaceId place : state) {
            const std::uint64_t word = (place + 1) * 0x9E3779B97F4A7C15U;
            sum += (word ^ (word >> 29U)) * 0xBF58476D1CE4E5B9U;
        }
        return sum ^ (sum >> 32U);
    }

    void grow() {
        table_.assign(table_.size() * 2, none);
        for (std::size_t i = 0; i < count_; ++i) {
            const auto number = static_cast<Number>(i);
            std::size_t probe = hash_of(at(number)) & (table_.size() - 1);
            while (table_[probe] != none)
                probe = (probe + 1) & (table_.size() - 1);
            table_[probe] = number;
        }
    }

    std::size_t keys_;
    std::size_t count_ = 0;
    std::vector<PlaceId> places_;
    std::vector<Number> table_; ///< a power of two
};

} // namespace faultlab
