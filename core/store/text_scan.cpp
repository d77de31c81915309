#include "core/store/text_scan.hpp"

#include <charconv>

namespace faultlab::scan {
namespace {

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/// Four hexadecimal digits, which there are.
std::uint32_t hex4(const char* p) {
    std::uint32_t unit = 0;
    std::from_chars(p, p + 4, unit, 16);
    return unit;
}

bool are_hex4(const char* p) {
    return is_hex(p[0]) && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]);
}

bool is_high_surrogate(std::uint32_t unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(std::uint32_t unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

void append_utf8(std::uint32_t code, std::string& out) {
    const auto push = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return push(code);
    if (code < 0x800) {
        push(0xC0U | code >> 6U);
    } else {
        if (code < 0x10000) {
            push(0xE0U | code >> 12U);
        } else {
            push(0xF0U | code >> 18U);
            push(0x80U | (code >> 12U & 0x3FU));
        }
        push(0x80U | (code >> 6U & 0x3FU));
    }
    push(0x80U | (code & 0x3FU));
}

/// Appends the character of the escape at `p`, which escape_end accepted; returns behind it.
const char* append_escape(const char* p, std::string& out) {
    switch (p[1]) {
        case 'b': out += '\b'; return p + 2;
        case 'f': out += '\f'; return p + 2;
        case 'n': out += '\n'; return p + 2;
        case 'r': out += '\r'; return p + 2;
        case 't': out += '\t'; return p + 2;
        case 'u': break;
        default: out += p[1]; return p + 2;
    }
    const std::uint32_t unit = hex4(p + 2);
    if (!is_high_surrogate(unit)) {
        append_utf8(unit, out);
        return p + 6;
    }
    append_utf8(0x10000 + ((unit - 0xD800) << 10U) + (hex4(p + 8) - 0xDC00), out);
    return p + 12;
}

} // namespace

const char* escape_end(const char* p, std::string_view letters) {
    if (p[1] != 'u') return letters.find(p[1]) != std::string_view::npos ? p + 2 : nullptr;
    if (!are_hex4(p + 2)) return nullptr;
    const std::uint32_t unit = hex4(p + 2);
    if (is_low_surrogate(unit)) return nullptr;
    if (!is_high_surrogate(unit)) return p + 6;
    const bool paired = p[6] == '\\' && p[7] == 'u' && are_hex4(p + 8);
    return paired && is_low_surrogate(hex4(p + 8)) ? p + 12 : nullptr;
}

const char* utf8_end(const char* p) {
    const auto at = [p](std::size_t i) { return static_cast<unsigned char>(p[i]); };
    const unsigned char lead = at(0);
    // No overlong forms, no surrogates, nothing beyond U+10FFFF.
    if (lead < 0xC2 || lead > 0xF4) return nullptr;
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (at(1) < low || at(1) > high) return nullptr;
    for (std::size_t i = 2; i < length; ++i) {
        if ((at(i) & 0xC0U) != 0x80U) return nullptr;
    }
    return p + length;
}

void unescape(std::string_view text, std::string& out) {
    out.clear();
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p < end) {
        if (*p == '\\') {
            p = append_escape(p, out);
        } else {
            out += *p++;
        }
    }
}

} // namespace faultlab::scan
