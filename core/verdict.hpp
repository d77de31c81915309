#pragma once

#include <cstdint>
#include <string_view>

namespace faultlab {

/// What a checker says of a record. Ordered from best to worst.
enum class Verdict : std::uint8_t {
    valid,
    unknown, ///< no violation seen, and none excluded: the reason is always given with it
    invalid,
};

[[nodiscard]] constexpr Verdict worst(Verdict a, Verdict b) {
    return a < b ? b : a;
}

[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::valid: return "valid";
        case Verdict::unknown: return "unknown";
        case Verdict::invalid: return "invalid";
    }
    return "unknown";
}

} // namespace faultlab
