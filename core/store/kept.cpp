#include "core/store/kept.hpp"

#include "core/store/json_scanner.hpp"
#include "core/store/text_scan.hpp"
#include "core/value.hpp"

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
    KeptField field{.name = std::string(name), .json = json_of(token), .edn = {}};
    field.edn = from_edn ? std::string(token.raw) : edn_of_json(field.json);
    return field;
}

} // namespace faultlab
