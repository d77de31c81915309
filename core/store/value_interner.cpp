#include "core/store/value_interner.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace faultlab {
namespace {

/// The high and the low half of a product, folded: every bit of both factors counts.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

constexpr std::uint64_t odd_1 = 0x9E3779B97F4A7C15U;
constexpr std::uint64_t odd_2 = 0xD6E8FEB86659FD93U;

} // namespace

std::uint32_t ValueInterner::hash_of(Form form, std::string_view bytes) {
    const char* p = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t state = mixed(odd_1 ^ static_cast<std::uint64_t>(form), odd_2 + left);
    const auto load = [](const char* from, std::size_t size) {
        std::uint64_t word = 0;
        std::memcpy(&word, from, size);
        return word;
    };
    for (; left > 8; left -= 8, p += 8)
        state = mixed(state ^ load(p, 8), odd_1);
    // A copy of variable size is a call: most keys are short, so two overlapping fixed ones.
    std::uint64_t last = 0;
    if (left >= 4) {
        last = load(p, 4) | load(p + left - 4, 4) << 32U;
    } else if (left > 0) {
        const auto byte = [&](std::size_t i) {
            return std::uint64_t{static_cast<std::uint8_t>(p[i])};
        };
        last = byte(0) | byte(left / 2) << 8U | byte(left - 1) << 16U;
    }
    return static_cast<std::uint32_t>(mixed(state ^ last, odd_2));
}

void ValueInterner::insert(Form form, std::string_view bytes, std::uint32_t hash, Symbol symbol) {
    if (2 * (slots_taken_ + 1) > slots_.size()) {
        std::vector<Slot> old(2 * slots_.size());
        old.swap(slots_);
        const std::size_t mask = slots_.size() - 1;
        for (const Slot& slot : old) {
            if (slot.symbol == 0) continue;
            std::size_t i = slot.hash & mask;
            while (slots_[i].symbol != 0)
                i = (i + 1) & mask;
            slots_[i] = slot;
        }
    }
    Slot& slot = find(form, bytes, hash);
    slot = {.hash = hash,
            .symbol = symbol,
            .offset = bytes_.size(),
            .length = static_cast<std::uint32_t>(bytes.size()),
            .form = form};
    bytes_ += bytes;
    ++slots_taken_;
}

Symbol ValueInterner::boolean(bool boolean) {
    Symbol& symbol = booleans_[boolean ? 1 : 0];
    if (symbol == 0) symbol = builder_.intern_new(Value(boolean));
    return symbol;
}

Symbol ValueInterner::uncommon_integer(std::int64_t integer) {
    // The table may be some times as long as there are integers in it, not more: one that stands
    // alone must not cost memory.
    constexpr std::size_t least = 1U << 16U;
    constexpr std::size_t sparse = 8;
    const std::size_t limit = least + sparse * (integers_seen_ + integers_.size());
    if (integer >= 0 && static_cast<std::uint64_t>(integer) < limit) {
        grow_small_integers(std::bit_ceil(static_cast<std::size_t>(integer) + 1));
        return this->integer(integer);
    }
    const auto [it, added] = integers_.try_emplace(integer, Symbol{0});
    if (added) it->second = builder_.intern_new(Value(integer));
    return it->second;
}

void ValueInterner::grow_small_integers(std::size_t size) {
    small_integers_.resize(std::max(size, std::size_t{1} << 12U), 0);
    // What moves into the range of the table must be found there from now on.
    std::vector<std::int64_t> moved;
    for (const auto& [integer, symbol] : integers_) {
        if (static_cast<std::uint64_t>(integer) >= small_integers_.size()) continue;
        small_integers_[static_cast<std::size_t>(integer)] = symbol;
        moved.push_back(integer);
    }
    for (const std::int64_t integer : moved)
        integers_.erase(integer);
    integers_seen_ += moved.size();
}

Symbol ValueInterner::name(std::string_view text) {
    for (const auto& [known, symbol] : names_) {
        if (known == text) return symbol;
    }
    const Symbol symbol = builder_.intern_text(text);
    if (names_.size() < names_max) names_.emplace_back(text, symbol);
    return symbol;
}

} // namespace faultlab
