#pragma once

#include "core/value.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {

/// One value as a parser found it. Refers to the parser's text or scratch: valid until it goes on.
struct Token {
    enum class Kind : std::uint8_t {
        null,
        boolean,
        integer, ///< of 64 bits
        text,    ///< `text`: its characters, without quotes and escapes
        list,    ///< `text`: its canonical form, see below
        unfit,   ///< well-formed, but no Value: a fraction, a map, …
    };
    Kind kind = Kind::null;
    std::int64_t integer = 0; ///< of integer; 0 or 1 of boolean
    bool tuple = false;       ///< jepsen.independent's tag says that it is a [key value]
    std::string_view text;
    std::string_view raw; ///< as it stands in the file, for messages
};

/// A list as JSON without spaces, in which a text has no escapes but for quotes, backslashes and
/// control characters. So equal lists have equal bytes, whatever the format they came in.
/// Requires: `canonical` is such a list.
[[nodiscard]] Value decode_canonical(std::string_view canonical);

/// Appends a text as it stands in a canonical list, with its quotes.
void append_canonical_text(std::string_view text, std::string& out);

/// What stands in the file, shortened for a message.
[[nodiscard]] std::string quoted(std::string_view raw);

/// The fields of an event that mean something to us.
enum class Field : std::uint8_t {
    process,
    type,
    f,
    key,
    value,
    time,
    node,
    error,
    client,
    due,
    ret,
    space, ///< "ns"
};
inline constexpr std::size_t field_count = 12;
inline constexpr std::array<std::string_view, field_count> field_names = {
    "process", "type", "f", "key", "value", "time", "node", "error", "client", "due", "ret", "ns"};

[[nodiscard]] constexpr std::string_view name_of(Field field) {
    return field_names[static_cast<std::size_t>(field)];
}

/// A field that no history has, for a copy of its file.
struct KeptField {
    std::string name;
    std::string json;
    std::string edn;
};

/// One event as a parser found it, in whatever order.
class EventFields {
public:
    void clear() {
        present_ = 0;
        stranger_ = {};
        kept_.clear();
    }
    [[nodiscard]] bool has(Field field) const { return (present_ & bit(field)) != 0; }
    /// Null when the event has no such field.
    [[nodiscard]] const Token* find(Field field) const {
        return has(field) ? &tokens_[static_cast<std::size_t>(field)] : nullptr;
    }
    /// Marks the field as present; the caller fills it.
    Token& add(Field field) {
        present_ |= bit(field);
        return tokens_[static_cast<std::size_t>(field)];
    }

    /// The first name that is no field of ours, for messages; empty: there is none.
    [[nodiscard]] std::string_view stranger() const { return stranger_; }
    /// Requires: the name lives as long as the tokens.
    void meet(std::string_view name) {
        if (stranger_.empty()) stranger_ = name;
    }
    /// Those that are kept for a copy.
    [[nodiscard]] const std::vector<KeptField>& kept() const { return kept_; }
    void keep(KeptField field) { kept_.push_back(std::move(field)); }

private:
    static constexpr std::uint32_t bit(Field field) {
        return 1U << static_cast<std::uint32_t>(field);
    }
    std::uint32_t present_ = 0;
    std::string_view stranger_;
    std::vector<KeptField> kept_;
    std::array<Token, field_count> tokens_;
};

} // namespace faultlab
