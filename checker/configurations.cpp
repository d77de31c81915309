#include "checker/configurations.hpp"

#include "core/check.hpp"

#include <algorithm>

namespace faultlab {
namespace {

bool contained(std::span<const Word> a, std::span<const Word> b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if ((a[i] & ~b[i]) != 0) return false;
    }
    return true;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    return hash ^ (hash >> 32U);
}

} // namespace

void ConfigurationSet::reset(std::span<const Word> open_slots) {
    open_slots_.assign(open_slots.begin(), open_slots.end());
    width_ = open_slots.size();
    states_.clear();
    bits_.clear();
    hashes_.clear();
    alive_.clear();
    size_ = 0;
    if (table_.empty()) table_.resize(64);
    if (++generation_ == 0) {
        std::ranges::fill(table_, Entry{});
        generation_ = 1;
    }
}

std::uint64_t ConfigurationSet::place_hash(const RegisterState& state,
                                           std::span<const Word> used) const {
    const RegisterState remembered = rules_->memory(state);
    std::uint64_t hash = mix(mix(0, remembered.version), remembered.value);
    for (std::size_t i = 0; i < width_; ++i)
        hash = mix(hash, used[i] & ~open_slots_[i]);
    return hash;
}

bool ConfigurationSet::same_place(std::size_t i,
                                  const RegisterState& state,
                                  std::span<const Word> used) const {
    if (rules_->memory(states_[i]) != rules_->memory(state)) return false;
    for (std::size_t w = 0; w < width_; ++w) {
        if (((bits_[i * width_ + w] ^ used[w]) & ~open_slots_[w]) != 0) return false;
    }
    return true;
}

bool ConfigurationSet::insert(const RegisterState& state, std::span<const Word> used) {
    FAULTLAB_CHECK(used.size() == width_);
    const std::uint64_t key = place_hash(state, used);
    bool replaced = false;
    std::size_t probe = key & (table_.size() - 1);
    for (; table_[probe].generation == generation_; probe = (probe + 1) & (table_.size() - 1)) {
        const std::size_t i = table_[probe].position;
        if (alive_[i] == 0 || hashes_[i] != key || !same_place(i, state, used)) continue;
        if (contained(this->used(i), used)) return false;
        if (!contained(used, this->used(i))) continue;
        if (replaced) {
            alive_[i] = 0;
            --size_;
        } else {
            overwrite(i, state, used);
            replaced = true;
        }
    }
    if (!replaced) append(key, state, used);
    return true;
}

void ConfigurationSet::forget(std::span<const Word> bits) {
    for (std::size_t i = 0; i < bits_.size(); ++i)
        bits_[i] &= ~bits[i % width_];
}

void ConfigurationSet::overwrite(std::size_t i,
                                 const RegisterState& state,
                                 std::span<const Word> used) {
    states_[i] = state;
    std::ranges::copy(used, bits_.begin() + static_cast<std::ptrdiff_t>(i * width_));
}

void ConfigurationSet::append(std::uint64_t hash,
                              const RegisterState& state,
                              std::span<const Word> used) {
    if ((states_.size() + 1) * 2 > table_.size()) grow();
    std::size_t probe = hash & (table_.size() - 1);
    while (table_[probe].generation == generation_)
        probe = (probe + 1) & (table_.size() - 1);
    table_[probe] = {.generation = generation_,
                     .position = static_cast<std::uint32_t>(states_.size())};
    states_.push_back(state);
    bits_.insert(bits_.end(), used.begin(), used.end());
    hashes_.push_back(hash);
    alive_.push_back(1);
    ++size_;
}

void ConfigurationSet::grow() {
    table_.assign(table_.size() * 2, Entry{});
    for (std::size_t i = 0; i < states_.size(); ++i) {
        std::size_t probe = hashes_[i] & (table_.size() - 1);
        while (table_[probe].generation == generation_)
            probe = (probe + 1) & (table_.size() - 1);
        table_[probe] = {.generation = generation_, .position = static_cast<std::uint32_t>(i)};
    }
}

std::int64_t ConfigurationSet::bytes() const {
    const std::size_t total = table_.capacity() * sizeof(Entry) + bits_.capacity() * sizeof(Word) +
                              states_.capacity() * sizeof(RegisterState) +
                              hashes_.capacity() * sizeof(std::uint64_t) + alive_.capacity();
    return static_cast<std::int64_t>(total);
}

} // namespace faultlab
