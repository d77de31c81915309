#pragma once

#include "checker/linearizability_rules.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace faultlab {

using Word = std::uint64_t;

/// A set of configurations of the search: a register state, and one bit a pending operation that
/// says whether it took effect already. All have the same number of bits, a multiple of 64.
///
/// Of two configurations that differ only in open operations, one whose set of used ones is
/// contained in the other's can do all that the other can: only the smaller is kept (rule c of the
/// search). Open addressing; a table that is cleared keeps its memory. Owned by one thread.
class ConfigurationSet {
public:
    explicit ConfigurationSet(const LinearizabilityRules& rules) : rules_(&rules) {}

    /// Empties the set. `open_slots` has one bit a pending operation that is open.
    void reset(std::span<const Word> open_slots);

    /// False when a configuration that is at least as able is there already.
    bool insert(const RegisterState& state, std::span<const Word> used);

    /// Clears these bits in all. Afterwards the set may only be read, until the next reset.
    void forget(std::span<const Word> bits);

    /// How many positions there are; some may not be `alive` any more.
    [[nodiscard]] std::size_t positions() const { return states_.size(); }
    [[nodiscard]] bool alive(std::size_t i) const { return alive_[i] != 0; }
    [[nodiscard]] const RegisterState& state(std::size_t i) const { return states_[i]; }
    [[nodiscard]] std::span<const Word> used(std::size_t i) const {
        return std::span(bits_).subspan(i * width_, width_);
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::int64_t bytes() const;

    /// Equal for configurations of which one can make the other redundant.
    [[nodiscard]] std::uint64_t place_hash(const RegisterState& state,
                                           std::span<const Word> used) const;

private:
    /// Same state, same definite operations.
    [[nodiscard]] bool
    same_place(std::size_t i, const RegisterState& state, std::span<const Word> used) const;
    void overwrite(std::size_t i, const RegisterState& state, std::span<const Word> used);
    void append(std::uint64_t hash, const RegisterState& state, std::span<const Word> used);
    void grow();

    const LinearizabilityRules* rules_; ///< never null; a pointer, so that sets can be swapped
    std::size_t width_ = 1;             ///< words a configuration
    std::vector<Word> open_slots_;
    std::vector<RegisterState> states_;
    std::vector<Word> bits_;
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint8_t> alive_;
    std::size_t size_ = 0;

    /// Where a configuration is; an entry of another generation is empty.
    struct Entry {
        std::uint32_t generation = 0;
        std::uint32_t position = 0;
    };
    std::vector<Entry> table_; ///< a power of two
    std::uint32_t generation_ = 0;
};

} // namespace faultlab
