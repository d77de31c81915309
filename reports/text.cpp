#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace faultlab {
namespace {

struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
    bool valid = false;
};

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
Character decode(std::string_view text, std::size_t at) {
    const unsigned lead = byte_at(text, at);
    if (lead < 0x80U) return {lead, 1, true};
    const std::size_t length = lead >= 0xf0U ? 4 : lead >= 0xe0U ? 3 : 2;
    if (lead < 0xc2U || lead > 0xf4U || at + length > text.size()) return {};
    char32_t code = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        const unsigned next = byte_at(text, at + i);
        if ((next & 0xc0U) != 0x80U) return {};
        code = (code << 6U) | (next & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (overlong || surrogate || code > 0x10ffff) return {};
    return {code, length, true};
}

struct Range {
    char32_t first;
    char32_t last;
};
// Characters that draw nothing or reorder what stands around them.
constexpr Range unprintable[] = {{0x00, 0x1f},
                                 {0x7f, 0x9f},
                                 {0xad, 0xad},
                                 {0x61c, 0x61c},
                                 {0x180e, 0x180e},
                                 {0x200b, 0x200f},
                                 {0x2028, 0x202e},
                                 {0x2060, 0x206f},
                                 {0xfe00, 0xfe0f},
                                 {0xfeff, 0xfeff},
                                 {0xfff0, 0xfffb},
                                 {0xe0000, 0x10ffff}};

bool printable(char32_t code) {
    return std::ranges::none_of(unprintable, [code](const Range& range) {
        return code >= range.first && code <= range.last;
    });
}

std::string unit(std::string_view text, std::size_t at, const Character& character) {
    if (!character.valid) return fmt::format("\\x{:02x}", byte_at(text, at));
    if (printable(character.code)) return std::string(text.substr(at, character.bytes));
    if (character.code == '\n') return "\\n";
    if (character.code == '\t') return "\\t";
    return fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.code));
}

std::vector<std::string> units(std::string_view text) {
    std::vector<std::string> all;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = decode(text, at);
        all.push_back(unit(text, at, character));
        at += character.bytes;
    }
    return all;
}

// The longest run of whole units, from the front or from the back, of at most `limit` characters.
template <class Iterator>
std::vector<std::string> take(Iterator from, Iterator to, std::size_t limit) {
    std::vector<std::string> taken;
    std::size_t used = 0;
    for (; from != to; ++from) {
        used += width_of(*from);
        if (used > limit) break;
        taken.push_back(*from);
    }
    return taken;
}

struct Cut {
    std::string text;
    std::string size_note; ///< empty when nothing was cut
};

Cut shortened(std::string_view text, std::size_t limit) {
    // Only the two ends are decoded: a value of many megabytes costs no more than a short one.
    const std::size_t slice = std::min(text.size(), limit * 4 + 4);
    std::size_t tail_from = text.size() - slice;
    while (tail_from > 0 && tail_from < text.size() && (byte_at(text, tail_from) & 0xc0U) == 0x80U)
        ++tail_from;
    const auto front = units(text.substr(0, slice));
    const auto back = units(text.substr(tail_from));
    const auto head = take(front.begin(), front.end(), limit * 2 / 3);
    auto tail = take(back.rbegin(), back.rend(), limit / 4);
    std::ranges::reverse(tail);
    Cut cut;
    for (const auto& part : head)
        cut.text += part;
    cut.text += "…";
    for (const auto& part : tail)
        cut.text += part;
    cut.size_note = fmt::format(" ({} bytes)", count_text(static_cast<std::int64_t>(text.size())));
    return cut;
}

Cut cut_to(std::string_view text, std::size_t limit) {
    if (text.size() > limit && text.size() / 4 > limit) return shortened(text, limit);
    Cut whole;
    std::size_t width = 0;
    for (const auto& part : units(text)) {
        whole.text += part;
        width += width_of(part);
    }
    return width > limit ? shortened(text, limit) : whole;
}

bool plain_word(std::string_view text) {
    return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/' || c == ':';
    });
}

} // namespace

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0U) != 0x80U; }));
}

std::string visible(std::string_view text, std::size_t limit) {
    const Cut cut = cut_to(text, limit);
    return cut.text + cut.size_note;
}

std::string escape(std::string_view text) {
    const std::string safe = visible(text);
    std::string result;
    result.reserve(safe.size());
    for (const char c : safe) {
        switch (c) {
            case '&': result += "&amp;"; break;
            case '<': result += "&lt;"; break;
            case '>': result += "&gt;"; break;
            case '"': result += "&quot;"; break;
            case '\'': result += "&#39;"; break;
            default: result += c;
        }
    }
    return result;
}

std::string count_text(std::int64_t number) {
    std::string digits = fmt::format("{}", number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string count_text(std::int64_t number, std::string_view noun) {
    return fmt::format("{} {}{}", count_text(number), noun, number == 1 ? "" : "s");
}

std::string moment_text(Nanos t) {
    const Nanos ms = (t < 0 ? t - millisecond / 2 : t + millisecond / 2) / millisecond;
    const Nanos size = ms < 0 ? -ms : ms;
    return fmt::format("{}{}.{:03}", ms < 0 ? "-" : "", size / 1000, size % 1000);
}

std::string duration_text(Nanos duration) {
    if (duration < 0) return "-" + duration_text(-duration);
    const auto in = [duration](Nanos unit_size) {
        return static_cast<double>(duration) / static_cast<double>(unit_size);
    };
    if (duration < microsecond) return fmt::format("{} ns", duration);
    if (duration < millisecond) return fmt::format("{:.0f} µs", in(microsecond));
    if (duration < 10 * millisecond) return fmt::format("{:.1f} ms", in(millisecond));
    if (duration < second) return fmt::format("{:.0f} ms", in(millisecond));
    if (duration < 120 * second && duration % second == 0)
        return fmt::format("{} s", duration / second);
    if (duration < 10 * second) return fmt::format("{:.2f} s", in(second));
    if (duration < 120 * second) return fmt::format("{:.0f} s", in(second));
    return fmt::format("{} min {} s", duration / (60 * second), duration / second % 60);
}

std::string seed_text(std::uint64_t seed) {
    return fmt::format("{:#x}", seed);
}

std::string value_text(const Value& value, std::size_t limit) {
    // A text is cut before it is quoted, so that its megabytes are not copied.
    if (const std::string* text = value.text()) {
        const Cut cut = cut_to(*text, limit);
        return "\"" + cut.text + "\"" + cut.size_note;
    }
    return visible(to_text(value, limit));
}

std::string key_text(const Value& value) {
    if (const std::string* text = value.text(); text != nullptr && plain_word(*text)) return *text;
    return value_text(value, 40);
}

std::string title_text(std::string_view name) {
    std::string title = visible(name, 60);
    std::ranges::replace(title, '_', ' ');
    if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
        title[0] = static_cast<char>(title[0] - 'a' + 'A');
    return title;
}

std::string list_text(const std::vector<std::string>& items) {
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
        text += visible(items[i], 60);
    }
    return text;
}

std::string params_text(const Params& params, std::size_t limit) {
    std::string result;
    for (const auto& [name, value] : params) {
        if (!result.empty()) result += ", ";
        result += visible(name, 40) + " " + value_text(value, limit);
    }
    return result;
}

} // namespace faultlab
