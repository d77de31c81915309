#include "core/store/kept.hpp"

#include "core/store/edn_scanner.hpp"
#include "core/store/json_scanner.hpp"
#include "core/store/text_scan.hpp"
#include "core/value.hpp"

#include <fmt/format.h>

#include <utility>

namespace faultlab {

namespace {

std::string json_of(const Token& token) {
    switch (token.kind) {
        case Token::Kind::null: return "null";
        case Token::Kind::boolean: return token.integer != 0 ? "true" : "false";
        case Token::Kind::integer: return std::to_string(token.integer);
        case Token::Kind::text: return to_json(Value(token.text));
        case Token::Kind::list: return std::string(token.text);
        case Token::Kind::unfit: break;
    }
    return is_json(token.raw) ? std::string(token.raw) : to_json(Value(token.raw));
}

/// Writes a form of EDN as JSON. A map with texts for keys is an object: as the list of pairs that
/// it is as a Value it would come back as a list. Requires: the form was read before, so it is one.
class EdnToJson {
public:
    explicit EdnToJson(std::string_view form) : text_(form) {
        text_ += '\n';
        text_.append(scan::padding_bytes, '\0');
    }

    std::string run() {
        EdnScanner scanner(std::string_view(text_).substr(0, text_.size() - scan::padding_bytes));
        std::string json;
        write(scanner, json);
        return json;
    }

private:
    void write(EdnScanner& scanner, std::string& json) {
        const char c = scanner.peek();
        if (c == '#' && text_[scanner.position() + 1] == '{') {
            scanner.advance();
            return write_list(scanner, '}', json);
        }
        if (c == '[' || c == '(') return write_list(scanner, c == '[' ? ']' : ')', json);
        if (c == '{') return write_map(scanner, json);
        Token token;
        if (scanner.value(token, scratch_)) json += json_of(token);
    }

    void write_list(EdnScanner& scanner, char closing, std::string& json) {
        scanner.advance();
        json += '[';
        for (bool first = true; next(scanner, closing); first = false) {
            if (!first) json += ',';
            write(scanner, json);
        }
        json += ']';
    }

    void write_map(EdnScanner& scanner, std::string& json) {
        scanner.advance();
        std::vector<std::pair<std::string, std::string>> entries;
        bool texts = true;
        while (next(scanner, '}')) {
            auto& [key, value] = entries.emplace_back();
            write(scanner, key);
            if (scanner.skip_space()) write(scanner, value);
            texts = texts && key.starts_with('"');
        }
        json += texts ? '{' : '[';
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto& [key, value] = entries[i];
            const std::string_view comma = i == 0 ? "" : ",";
            json += texts ? fmt::format("{}{}:{}", comma, key, value)
                          : fmt::format("{}[{},{}]", comma, key, value);
        }
        json += texts ? '}' : ']';
    }

    /// Whether another element follows; else the bracket is behind us.
    static bool next(EdnScanner& scanner, char closing) {
        if (!scanner.skip_space() || scanner.at_end()) return false;
        if (scanner.peek() != closing) return true;
        scanner.advance();
        return false;
    }

    std::string text_;
    std::string scratch_;
};

/// Commas are spaces in EDN, and a map has no colons. All else is alike, but for null, and for a
/// slash, which JSON may escape.
std::string edn_of_json(std::string_view json) {
    std::string edn;
    bool inside = false; // a text
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (inside && json[i] == '\\') {
            if (json[i + 1] != '/') edn += json[i];
            edn += json[++i];
            continue;
        }
        if (json[i] == '"') inside = !inside;
        if (!inside && json.substr(i).starts_with("null")) {
            edn += "nil";
            i += 3;
            continue;
        }
        edn += !inside && (json[i] == ':' || json[i] == ',') ? ' ' : json[i];
    }
    return edn;
}

} // namespace

bool is_json(std::string_view text) {
    std::string padded(text);
    padded += '\n';
    padded.append(scan::padding_bytes, '\0');
    JsonScanner scanner;
    Token token;
    std::string scratch;
    return scanner.value(padded.data(), token, scratch) == padded.data() + text.size();
}

KeptField kept_field(std::string_view name, const Token& token, bool from_edn) {
    const std::string raw(token.raw);
    if (from_edn && raw.find('{') != std::string::npos)
        return {.name = std::string(name), .json = EdnToJson(raw).run(), .edn = raw};
    KeptField field{.name = std::string(name), .json = json_of(token), .edn = {}};
    field.edn = from_edn ? raw : edn_of_json(field.json);
    return field;
}

} // namespace faultlab
