#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// What the parsers of JSON and of EDN have in common: looking at eight bytes at a time. Behind
/// every text `padding_bytes` must be readable.
namespace faultlab::scan {

inline constexpr std::size_t padding_bytes = 64;

inline std::uint64_t load(const char* p) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof(word));
    return word;
}

constexpr std::uint64_t each(std::uint8_t byte) {
    return byte * 0x0101010101010101U;
}

/// The high bit of bytes that are zero; above the first of them also of others.
constexpr std::uint64_t zeroes(std::uint64_t word) {
    return (word - each(1)) & ~word & each(0x80);
}

/// A name of at most eight bytes as one word.
constexpr std::uint64_t word_of(std::string_view name) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < name.size(); ++i)
        word |= std::uint64_t{static_cast<unsigned char>(name[i])} << (8 * i);
    return word;
}

/// Whether the text at `p` begins with this name, of at most eight bytes.
inline bool begins(const char* p, std::string_view name) {
    const std::uint64_t mask = name.size() < 8 ? (1ULL << (8 * name.size())) - 1 : ~0ULL;
    return (load(p) & mask) == word_of(name);
}

/// The first quote, backslash, control character or byte beyond ASCII from `p` on.
inline const char* plain_end(const char* p) {
    for (;; p += 8) {
        const std::uint64_t word = load(p);
        const std::uint64_t control = (word - each(0x20)) & ~word;
        const std::uint64_t found =
            ((control | word) & each(0x80)) | zeroes(word ^ each('"')) | zeroes(word ^ each('\\'));
        if (found != 0) return p + (std::countr_zero(found) >> 3);
    }
}

inline bool is_digit(char c) {
    return static_cast<unsigned char>(c - '0') < 10;
}

/// How many of the eight bytes are digits before the first that is none.
inline std::size_t digits_of(std::uint64_t word) {
    const std::uint64_t other =
        ((word & each(0xF0)) ^ each(0x30)) | (((word + each(0x06)) & each(0xF0)) ^ each(0x30));
    return other == 0 ? 8 : static_cast<std::size_t>(std::countr_zero(other) >> 3);
}

/// The number that the first `count` bytes write: pairs, then fours, then eight at once.
inline std::uint64_t leading_digits(std::uint64_t word, std::size_t count) {
    if (count == 0) return 0;
    word = (word - each('0')) << (64 - 8 * count);
    word = word * 10 + (word >> 8);
    constexpr std::uint64_t mask = 0x000000FF000000FFU;
    const std::uint64_t even = (word & mask) * (100 + (1'000'000ULL << 32));
    const std::uint64_t odd = ((word >> 16) & mask) * (1 + (10'000ULL << 32));
    return (even + odd) >> 32;
}

/// An integer without a fraction or an exponent.
struct Integer {
    const char* end = nullptr; ///< behind its digits; null: more than 18, none, or a leading zero
    std::int64_t value = 0;
};
inline Integer integer(const char* p) {
    constexpr std::uint64_t powers[] = {
        1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
    const bool negative = *p == '-';
    const char* const first = p + (negative ? 1 : 0);
    p = first;
    std::uint64_t magnitude = 0;
    std::size_t digits = 8;
    while (digits == 8 && p - first < 24) {
        const std::uint64_t word = load(p);
        digits = digits_of(word);
        magnitude = magnitude * powers[digits] + leading_digits(word, digits);
        p += digits;
    }
    const auto length = p - first;
    const bool plain = length > 0 && length <= 18 && (*first != '0' || length == 1);
    if (!plain) return {};
    const auto value = static_cast<std::int64_t>(magnitude);
    return {.end = p, .value = negative ? -value : value};
}

/// Behind the escape that a backslash at `p` begins, one of those letters or \u and four
/// hexadecimal digits; null when it
/// is none, or half of a surrogate pair.
const char* escape_end(const char* p, std::string_view letters);
/// Behind the character beyond ASCII at `p`; null when it is not UTF-8 (RFC 3629).
const char* utf8_end(const char* p);
/// Replaces `out` by the characters of a text whose escapes were accepted by escape_end.
void unescape(std::string_view text, std::string& out);

} // namespace faultlab::scan
