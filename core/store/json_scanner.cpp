#include "core/store/json_scanner.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace faultlab {
namespace {

/// Nested deeper, a list is no Value (core/value.hpp reads no deeper either).
constexpr std::size_t depth_max = 64;

/// Replaces `out` by a list in its canonical form. Requires: it is JSON, and a Value.
void canonicalise(std::string_view list, std::string& out) {
    out.clear();
    std::string text;
    const char* p = list.data();
    const char* const end = p + list.size();
    while (p < end) {
        if (*p == '"') {
            bool escaped = false;
            const char* const begin = p + 1;
            p = JsonScanner::text_end(begin, escaped);
            scan::unescape({begin, p - 1}, text);
            append_canonical_text(text, out);
            continue;
        }
        const bool negative_zero = *p == '-' && p[1] == '0';
        if (*p != ' ' && *p != '\t' && *p != '\r' && !negative_zero) out += *p;
        ++p;
    }
}

/// Reads what append_canonical_text and canonicalise write.
class CanonicalDecoder {
public:
    explicit CanonicalDecoder(std::string_view text) : p_(text.data()), end_(p_ + text.size()) {}

    Value value() {
        switch (*p_) {
            case '[': return list();
            case '"': return text();
            case 'n': return take(4, Value{});
            case 't': return take(4, Value(true));
            case 'f': return take(5, Value(false));
            default: break;
        }
        std::int64_t integer = 0;
        p_ = std::from_chars(p_, end_, integer).ptr;
        return {integer};
    }

private:
    Value take(std::size_t size, Value value) {
        p_ += size;
        return value;
    }

    Value list() {
        Value::List list;
        ++p_;
        while (*p_ != ']') {
            list.push_back(value());
            if (*p_ == ',') ++p_;
        }
        ++p_;
        return {std::move(list)};
    }

    Value text() {
        const char* const begin = p_ + 1;
        const char* end = begin;
        while (*end != '"')
            end += *end == '\\' ? 2 : 1;
        p_ = end + 1;
        std::string text;
        scan::unescape({begin, end}, text);
        return {std::move(text)};
    }

    const char* p_;
    const char* end_;
};

} // namespace

Value decode_canonical(std::string_view canonical) {
    return CanonicalDecoder(canonical).value();
}

void append_canonical_text(std::string_view text, std::string& out) {
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            constexpr const char* digits = "0123456789abcdef";
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 0xFU];
        } else {
            out += c;
        }
    }
    out += '"';
}

const char* JsonScanner::literal(const char* p, Token& token) {
    if (std::memcmp(p, "null", 4) == 0) {
        token.kind = Token::Kind::null;
        return p + 4;
    }
    token.kind = Token::Kind::boolean;
    token.integer = *p == 't' ? 1 : 0;
    if (std::memcmp(p, "true", 4) == 0) return p + 4;
    return std::memcmp(p, "false", 5) == 0 ? p + 5 : nullptr;
}

const char* JsonScanner::uncommon_text_end(const char* p, bool& escaped) {
    while (*p != '"') {
        if (*p == '\\') {
            escaped = true;
            p = scan::escape_end(p, "\"\\/bfnrt");
        } else if (static_cast<unsigned char>(*p) >= 0x80) {
            p = scan::utf8_end(p);
        } else {
            return nullptr; // a control character, perhaps the end of the line
        }
        if (p == nullptr) return nullptr;
        p = scan::plain_end(p);
    }
    return p + 1;
}

const char* JsonScanner::uncommon_number(const char* p, Token& token) {
    const char* const begin = p;
    const auto skip_digits = [&p] {
        const char* const first = p;
        while (scan::is_digit(*p))
            ++p;
        return p > first;
    };
    if (*p == '-') ++p;
    const bool zero = *p == '0';
    const char* const first = p;
    if (!skip_digits()) return nullptr;
    if (zero && p - first > 1) return nullptr;
    token.kind = Token::Kind::unfit;
    if (*p != '.' && (*p | 0x20) != 'e') {
        const auto parsed = std::from_chars(begin, p, token.integer);
        if (parsed.ec == std::errc{}) token.kind = Token::Kind::integer;
        if (parsed.ec == std::errc{} || p - begin < 300) return p;
    }
    if (*p == '.') {
        ++p;
        if (!skip_digits()) return nullptr;
    }
    if ((*p | 0x20) == 'e') {
        ++p;
        if (*p == '+' || *p == '-') ++p;
        if (!skip_digits()) return nullptr;
    }
    // What no double holds is refused rather than read as infinity.
    const std::string copy(begin, p);
    return std::isfinite(std::strtod(copy.c_str(), nullptr)) ? p : nullptr;
}

const char* JsonScanner::composite(const char* p, Token& token, std::string& scratch) {
    Shape shape;
    const char* const begin = p;
    p = walk(p, shape);
    if (p == nullptr) return nullptr;
    token.kind = shape.fits ? Token::Kind::list : Token::Kind::unfit;
    token.text = {begin, p};
    if (shape.fits && !shape.plain) {
        canonicalise(token.text, scratch);
        token.text = scratch;
    }
    return p;
}

/// Walks over a list or an object with a stack of brackets: how deep it is nested is no matter.
const char* JsonScanner::walk(const char* p, Shape& shape) {
    open_.clear();
    bool wants_value = true;
    for (;;) {
        const char* const after_space = skip_space(p);
        if (after_space != p) shape.plain = false;
        p = after_space;
        if (wants_value) {
            if (open_.size() > depth_max) shape.fits = false;
            wants_value = false;
            p = *p == '[' || *p == '{' ? open(p, shape, wants_value) : element(p, shape);
            if (p == nullptr) return nullptr;
            continue;
        }
        const char innermost = open_.back();
        if (*p == innermost) {
            open_.pop_back();
            ++p;
            if (open_.empty()) return p;
        } else if (*p == ',') {
            ++p;
            if (innermost == '}') p = object_key(p);
            if (p == nullptr) return nullptr;
            wants_value = true;
        } else {
            return nullptr;
        }
    }
}

/// Behind an opening bracket; `wants_value` becomes true unless it is closed at once.
const char* JsonScanner::open(const char* p, Shape& shape, bool& wants_value) {
    const bool object = *p == '{';
    if (object) shape.fits = false;
    open_.push_back(object ? '}' : ']');
    const char* const inside = skip_space(p + 1);
    if (inside != p + 1) shape.plain = false;
    if (*inside == open_.back()) return inside;
    wants_value = true;
    return object ? object_key(inside) : inside;
}

const char* JsonScanner::object_key(const char* p) {
    p = skip_space(p);
    bool escaped = false;
    p = *p == '"' ? text_end(p + 1, escaped) : nullptr;
    if (p == nullptr) return nullptr;
    p = skip_space(p);
    return *p == ':' ? p + 1 : nullptr;
}

const char* JsonScanner::element(const char* p, Shape& shape) {
    if (*p == '"') {
        bool escaped = false;
        p = text_end(p + 1, escaped);
        if (escaped) shape.plain = false;
        return p;
    }
    Token token;
    if (*p != '-' && !scan::is_digit(*p)) return literal(p, token);
    if (*p == '-' && p[1] == '0') shape.plain = false;
    p = number(p, token);
    if (token.kind != Token::Kind::integer) shape.fits = false;
    return p;
}

} // namespace faultlab
