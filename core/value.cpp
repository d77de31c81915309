#include "core/value.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

std::size_t combine(std::size_t seed, std::size_t hash) {
    return seed ^ (hash + 0x9e3779b97f4a7c15U + (seed << 6U) + (seed >> 2U));
}

Json to_tree(const Value& value) {
    if (const bool* b = value.boolean()) return *b;
    if (const std::int64_t* i = value.integer()) return *i;
    if (const std::string* t = value.text()) return *t;
    if (const Value::List* list = value.list()) {
        Json array = Json::array();
        for (const Value& element : *list)
            array.push_back(to_tree(element));
        return array;
    }
    if (const Value::Transaction* transaction = value.transaction()) {
        Json array = Json::array();
        for (const MicroOp& op : *transaction) {
            array.push_back(Json::array({op.f, to_tree(op.key), to_tree(op.value)}));
        }
        return array;
    }
    return nullptr;
}

Result<Value> from_tree(const Json& json, int depth) {
    constexpr int depth_max = 64;
    if (depth > depth_max) return usage_error("a value is nested more than 64 levels deep");
    if (json.is_null()) return Value{};
    if (json.is_boolean()) return Value{json.get<bool>()};
    if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) {
        return usage_error("integer " + json.dump() + " does not fit in 64 bits");
    }
    if (json.is_number_integer()) return Value{json.get<std::int64_t>()};
    if (json.is_string()) return Value{json.get<std::string>()};
    if (json.is_array()) {
        Value::List list;
        list.reserve(json.size());
        for (const Json& element : json) {
            FAULTLAB_TRY(Value value, from_tree(element, depth + 1));
            list.push_back(std::move(value));
        }
        return Value{std::move(list)};
    }
    return usage_error("a value must be null, true, false, a 64-bit integer, text or a list, not " +
                       json.dump().substr(0, 80));
}

} // namespace

Value::Value(List list) : state_(std::move(list)) {}
Value::Value(Transaction transaction) : state_(std::move(transaction)) {}

bool operator==(const Value& a, const Value& b) {
    return a.state_ == b.state_;
}

std::strong_ordering operator<=>(const Value& a, const Value& b) {
    if (const auto by_type = a.state_.index() <=> b.state_.index(); by_type != 0) return by_type;
    if (const bool* x = a.boolean()) return *x <=> *b.boolean();
    if (const std::int64_t* x = a.integer()) return *x <=> *b.integer();
    if (const std::string* x = a.text()) return *x <=> *b.text();
    if (const Value::List* x = a.list()) return *x <=> *b.list();
    if (const Value::Transaction* x = a.transaction()) return *x <=> *b.transaction();
    return std::strong_ordering::equal;
}

std::strong_ordering operator<=>(const MicroOp& a, const MicroOp& b) {
    if (const auto c = a.f <=> b.f; c != 0) return c;
    if (const auto c = a.key <=> b.key; c != 0) return c;
    return a.value <=> b.value;
}

std::size_t Value::hash() const {
    std::size_t seed = state_.index();
    if (const bool* x = boolean()) return combine(seed, *x ? 1 : 2);
    if (const std::int64_t* x = integer()) return combine(seed, std::hash<std::int64_t>{}(*x));
    if (const std::string* x = text()) return combine(seed, std::hash<std::string>{}(*x));
    if (const List* x = list()) {
        for (const Value& element : *x)
            seed = combine(seed, element.hash());
    }
    if (const Transaction* x = transaction()) {
        for (const MicroOp& op : *x) {
            seed = combine(seed, std::hash<std::string>{}(op.f));
            seed = combine(combine(seed, op.key.hash()), op.value.hash());
        }
    }
    return seed;
}

std::string to_json(const Value& value) {
    return to_tree(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_text(const Value& value, std::size_t limit) {
    if (value.is_absent()) return "absent";
    std::string text = to_json(value);
    if (text.size() <= limit) return text;
    // Cut between characters, not inside one.
    const auto boundary = [&text](std::size_t at) {
        while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U)
            --at;
        return at;
    };
    const std::size_t head = boundary(limit / 2);
    const std::size_t tail = boundary(text.size() - limit / 4);
    return fmt::format("{}…{} ({} bytes)", text.substr(0, head), text.substr(tail), text.size());
}

Result<Value> value_from_json(std::string_view json) {
    const Json tree = Json::parse(json, nullptr, false);
    if (tree.is_discarded()) {
        return usage_error("not a JSON value: " + std::string(json.substr(0, 80)));
    }
    return from_tree(tree, 0);
}

} // namespace faultlab
