#pragma once

#include "replica/core/checksum.hpp"
#include "replica/core/types.hpp"

#include <bit>
#include <cstdint>

namespace faultlab::replica {

/// 128 bits that depend on every word and on their order: tells two runs, or two states, apart, at
/// the price of two multiplications a word. Not for bytes that somebody may have changed on
/// purpose.
class WordHash {
public:
    template <class... Words>
    void add(const Words&... words) {
        (add_one(words), ...);
    }
    [[nodiscard]] const Checksum& value() const { return value_; }

private:
    // The constants of MurmurHash3 (Appleby 2011): odd, and bits well spread.
    void add_one(std::uint64_t word) {
        value_.low = std::rotl((value_.low ^ word) * 0x87c37b91114253d5U, 31) + value_.high;
        value_.high = std::rotl((value_.high + word) * 0x4cf5ad432745937fU, 33) ^ value_.low;
    }
    void add_one(View view) { add_one(view.value); }
    void add_one(const Checksum& checksum) {
        add_one(checksum.low);
        add_one(checksum.high);
    }
    Checksum value_;
};

} // namespace faultlab::replica
