#include "core/store/tuples.hpp"

#include "core/op.hpp"

namespace faultlab {

void TupleQuestion::look_at(std::string_view f, const Value& value) {
    if (spans_keys(f)) return;
    const Value::List* parts = value.list();
    const bool pair = parts != nullptr && parts->size() == 2 &&
                      (parts->front().integer() != nullptr || parts->front().text() != nullptr);
    if (!pair) return decide(false);
    const Value& rest = parts->back();
    if (f == "cas") return decide(rest.list() != nullptr && rest.list()->size() == 2);
    if (rest.is_absent()) return decide(true);
    likely_ = true;
}

std::optional<TupleSplitter::Parts> TupleSplitter::split(const Token& token) {
    if (token.kind != Token::Kind::list) return std::nullopt;
    Parts parts;
    const char* p = token.text.data() + 1;
    if (*p == ']') return std::nullopt;
    p = scanner_.value(p, parts.key, key_);
    const bool named =
        parts.key.kind == Token::Kind::integer || parts.key.kind == Token::Kind::text;
    if (!named || *p != ',') return std::nullopt;
    p = scanner_.value(p + 1, parts.value, value_);
    if (*p != ']' || p + 1 != token.text.data() + token.text.size()) return std::nullopt;
    return parts;
}

} // namespace faultlab
