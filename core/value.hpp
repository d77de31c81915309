#pragma once

#include "core/result.hpp"
#include "core/types.hpp"

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace faultlab {

struct MicroOp;

/// What an operation is given or gives back: absent, boolean, 64-bit integer, text, list, or
/// transaction. Absent, zero, false and empty are different values. Immutable in use; copying is
/// deep.
class Value {
public:
    struct Absent {
        bool operator==(const Absent&) const = default;
    };
    using List = std::vector<Value>;
    using Transaction = std::vector<MicroOp>;

    // Defined below MicroOp: a transaction needs it complete.
    Value(); ///< absent
    ~Value();
    Value(const Value& other);
    Value(Value&& other) noexcept;
    Value& operator=(const Value& other);
    Value& operator=(Value&& other) noexcept;

    Value(std::same_as<bool> auto boolean) : Value(Boolean{boolean}) {}
    Value(std::integral auto integer)
        requires(!std::same_as<decltype(integer), bool>)
        : Value(Integer{static_cast<std::int64_t>(integer)}) {}
    Value(std::string text);
    Value(std::string_view text);
    Value(const char* text);
    Value(List list);
    Value(Transaction transaction);

    [[nodiscard]] bool is_absent() const { return std::holds_alternative<Absent>(state_); }
    /// Null when the value is of another type. The pointer lives as long as this value.
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&state_); }
    [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&state_); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&state_); }
    [[nodiscard]] const List* list() const { return std::get_if<List>(&state_); }
    [[nodiscard]] const Transaction* transaction() const {
        return std::get_if<Transaction>(&state_);
    }

    /// Total order over all values: first by type in the order above, then by content.
    friend bool operator==(const Value& a, const Value& b);
    friend std::strong_ordering operator<=>(const Value& a, const Value& b);

    [[nodiscard]] std::size_t hash() const;

private:
    // Not the bare types: those would convert into each other.
    struct Boolean {
        bool value;
    };
    struct Integer {
        std::int64_t value;
    };
    explicit Value(Boolean boolean);
    explicit Value(Integer integer);

    std::variant<Absent, bool, std::int64_t, std::string, List, Transaction> state_;
};

/// One step of a transaction: read, write or append of one key.
struct MicroOp {
    std::string f; ///< "r", "w" or "append"
    Value key;
    Value value; ///< absent for a read that has not returned
    friend bool operator==(const MicroOp&, const MicroOp&) = default;
    friend std::strong_ordering operator<=>(const MicroOp& a, const MicroOp& b);
};

inline Value::Value() = default;
inline Value::~Value() = default;
inline Value::Value(const Value& other) = default;
inline Value::Value(Value&& other) noexcept = default;
inline Value& Value::operator=(const Value& other) = default;
inline Value& Value::operator=(Value&& other) noexcept = default;
inline Value::Value(Boolean boolean) : state_(boolean.value) {}
inline Value::Value(Integer integer) : state_(integer.value) {}
inline Value::Value(std::string text) : state_(std::move(text)) {}
inline Value::Value(std::string_view text) : state_(std::string(text)) {}
inline Value::Value(const char* text) : state_(std::string(text)) {}

struct ValueHash {
    std::size_t operator()(const Value& value) const { return value.hash(); }
};

/// As JSON, on one line: null, true, 7, "text", [..]; a transaction is [["r","k",null],…].
/// Text that is not UTF-8 is written with its bad bytes replaced (the store keeps the bytes).
[[nodiscard]] std::string to_json(const Value& value);

/// For people: like JSON, with "absent" for null, and long values cut in the middle, at most
/// `limit` bytes, with the full length said.
[[nodiscard]] std::string to_text(const Value& value, std::size_t limit = 120);

/// Requires: a JSON value of the types above. A list whose elements all are [text, key, value]
/// with a text of "r", "w" or "append" is read as a transaction only by callers that ask for it.
Result<Value> value_from_json(std::string_view json);

} // namespace faultlab
