#pragma once

#include "core/store/text_scan.hpp"
#include "core/store/token.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// Reads JSON values where they stand, eight bytes at a time: strict JSON in UTF-8, nothing more.
/// Every text must end in a line feed, which no value contains, with `scan::padding_bytes` readable
/// behind it: so nothing here looks for the end of the text. All functions that take a position
/// return the one behind what they read, or null when it is not JSON.
class JsonScanner {
public:
    static const char* skip_space(const char* p) {
        while (*p == ' ' || *p == '\t' || *p == '\r')
            ++p;
        return p;
    }

    /// `scratch` takes the characters of a text with escapes, or a list that was not canonical; the
    /// token may refer to it.
    const char* value(const char* p, Token& token, std::string& scratch) {
        const char* end = nullptr;
        if (*p == '"') {
            end = text(p, token, scratch);
        } else if (*p == '-' || scan::is_digit(*p)) {
            end = number(p, token);
        } else if (*p == '[' || *p == '{') {
            end = composite(p, token, scratch);
        } else {
            end = literal(p, token);
        }
        if (end != nullptr) token.raw = {p, end};
        return end;
    }

    /// Behind the closing quote of a text of which the opening one is behind us. `escaped` becomes
    /// true when there are escapes in it, and is left alone otherwise.
    static const char* text_end(const char* p, bool& escaped) {
        p = scan::plain_end(p);
        if (*p == '"') [[likely]]
            return p + 1;
        return uncommon_text_end(p, escaped);
    }

private:
    static const char* text(const char* p, Token& token, std::string& scratch) {
        bool escaped = false;
        const char* end = text_end(p + 1, escaped);
        if (end == nullptr) return nullptr;
        token.kind = Token::Kind::text;
        token.text = {p + 1, end - 1};
        if (escaped) {
            scan::unescape(token.text, scratch);
            token.text = scratch;
        }
        return end;
    }

    static const char* number(const char* p, Token& token) {
        const scan::Integer integer = scan::integer(p);
        const char* const end = integer.end;
        if (end == nullptr || *end == '.' || (*end | 0x20) == 'e') return uncommon_number(p, token);
        token.kind = Token::Kind::integer;
        token.integer = integer.value;
        return end;
    }

    static const char* literal(const char* p, Token& token);
    static const char* uncommon_text_end(const char* p, bool& escaped);
    static const char* uncommon_number(const char* p, Token& token);

    /// What a list or an object is made of, as far as it matters.
    struct Shape {
        bool fits = true;  ///< it is a Value
        bool plain = true; ///< it is canonical as it stands
    };
    const char* composite(const char* p, Token& token, std::string& scratch);
    const char* walk(const char* p, Shape& shape);
    const char* element(const char* p, Shape& shape);
    const char* open(const char* p, Shape& shape, bool& wants_value);
    static const char* object_key(const char* p);

    std::vector<char> open_; ///< the brackets that are open
};

} // namespace faultlab
