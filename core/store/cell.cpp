#include "core/store/cell.hpp"

#include "core/store/database.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <charconv>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no bytes and cannot tell a transaction from a list of lists. Values are never objects,
// so objects are free to mark both.
constexpr const char* transaction_mark = "txn";
constexpr const char* bytes_mark = "bytes";

/// RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto at = [&](std::size_t j) { return static_cast<unsigned char>(text[j]); };
        const unsigned char lead = at(i);
        const std::size_t length = lead < 0x80                    ? 1
                                   : lead >= 0xC2 && lead <= 0xDF ? 2
                                   : lead >= 0xE0 && lead <= 0xEF ? 3
                                   : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                                  : 0;
        if (length == 0 || i + length > text.size()) return false;
        for (std::size_t j = 1; j < length; ++j) {
            if ((at(i + j) & 0xC0U) != 0x80U) return false;
        }
        if (lead == 0xE0 && at(i + 1) < 0xA0) return false;
        if (lead == 0xED && at(i + 1) > 0x9F) return false;
        if (lead == 0xF0 && at(i + 1) < 0x90) return false;
        if (lead == 0xF4 && at(i + 1) > 0x8F) return false;
        i += length;
    }
    return true;
}

Json text_tree(const std::string& text) {
    if (is_utf8(text)) return text;
    std::string hex;
    for (const char c : text)
        hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return {{bytes_mark, hex}};
}

Json to_tree(const Value& value) {
    if (const bool* b = value.boolean()) return *b;
    if (const std::int64_t* i = value.integer()) return *i;
    if (const std::string* t = value.text()) return text_tree(*t);
    if (const Value::List* list = value.list()) {
        Json array = Json::array();
        for (const Value& element : *list)
            array.push_back(to_tree(element));
        return array;
    }
    if (const Value::Transaction* transaction = value.transaction()) {
        Json array = Json::array();
        for (const MicroOp& op : *transaction) {
            array.push_back(Json::array({text_tree(op.f), to_tree(op.key), to_tree(op.value)}));
        }
        return {{transaction_mark, std::move(array)}};
    }
    return nullptr;
}

Result<Value> bytes_from(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        unsigned byte = 0;
        const char* pair = hex.data() + i;
        if (std::from_chars(pair, pair + 2, byte, 16).ptr != pair + 2) {
            return lab_error("a stored value has a 'bytes' that is not hexadecimal");
        }
        bytes += static_cast<char>(byte);
    }
    return Value(std::move(bytes));
}

Result<Value> from_tree(const Json& tree, int depth);

Result<Value> transaction_from(const Json& array, int depth) {
    Value::Transaction transaction;
    for (const Json& step : array) {
        if (!step.is_array() || step.size() != 3) return lab_error("a stored transaction is odd");
        FAULTLAB_TRY(const Value f, from_tree(step[0], depth));
        FAULTLAB_TRY(Value key, from_tree(step[1], depth));
        FAULTLAB_TRY(Value value, from_tree(step[2], depth));
        if (f.text() == nullptr) return lab_error("a step of a stored transaction has no name");
        transaction.push_back({*f.text(), std::move(key), std::move(value)});
    }
    return Value(std::move(transaction));
}

Result<Value> from_tree(const Json& tree, int depth) {
    constexpr int depth_max = 1000;
    if (depth > depth_max) return lab_error("a stored value is nested too deep");
    if (tree.is_null()) return Value{};
    if (tree.is_boolean()) return Value(tree.get<bool>());
    if (tree.is_number_integer()) return Value(tree.get<std::int64_t>());
    if (tree.is_string()) return Value(tree.get<std::string>());
    if (tree.is_array()) {
        Value::List list;
        list.reserve(tree.size());
        for (const Json& element : tree) {
            FAULTLAB_TRY(Value value, from_tree(element, depth + 1));
            list.push_back(std::move(value));
        }
        return Value(std::move(list));
    }
    if (tree.is_object() && tree.size() == 1) {
        const auto mark = tree.begin();
        if (mark.key() == transaction_mark && mark->is_array()) {
            return transaction_from(*mark, depth + 1);
        }
        if (mark.key() == bytes_mark && mark->is_string()) {
            return bytes_from(mark->get<std::string>());
        }
    }
    return lab_error("a stored value is none of this lab: " + tree.dump().substr(0, 80));
}

} // namespace

Cell to_cell(const Value& value, std::string& scratch) {
    if (value.is_absent()) return {};
    if (const std::int64_t* i = value.integer()) return {.type = CellType::integer, .integer = *i};
    if (const std::string* t = value.text()) return {.type = CellType::text, .bytes = *t};
    if (const bool* b = value.boolean()) {
        return {.type = CellType::blob, .bytes = *b ? std::string_view("true") : "false"};
    }
    scratch = to_tree(value).dump();
    return {.type = CellType::blob, .bytes = scratch};
}

void bind_cell(Statement& statement, int parameter, const Cell& cell) {
    switch (cell.type) {
        case CellType::null: statement.bind_null(parameter); return;
        case CellType::integer: statement.bind(parameter, cell.integer); return;
        case CellType::text: statement.bind_text(parameter, cell.bytes); return;
        case CellType::blob: statement.bind_blob(parameter, cell.bytes); return;
    }
}

void bind_value(Statement& statement, int parameter, const Value& value, std::string& scratch) {
    bind_cell(statement, parameter, to_cell(value, scratch));
}

Result<Value> value_from_blob(std::string_view blob) {
    if (blob == "true") return Value(true);
    if (blob == "false") return Value(false);
    const Json tree = Json::parse(blob, nullptr, false);
    if (tree.is_discarded()) return lab_error("a stored value is not JSON");
    return from_tree(tree, 0);
}

Result<Value> column_value(const Statement& row, int column) {
    switch (row.type(column)) {
        case SQLITE_NULL: return Value{};
        case SQLITE_INTEGER: return Value(row.integer(column));
        case SQLITE_TEXT: return Value(row.bytes(column));
        case SQLITE_BLOB: return value_from_blob(row.bytes(column));
        default: return lab_error("a stored value is a number with a fraction");
    }
}

std::string params_to_json(const Params& params) {
    Json tree = Json::object();
    for (const auto& [name, value] : params)
        tree[name] = to_tree(value);
    return tree.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Params> params_from_json(std::string_view json) {
    const Json tree = Json::parse(json, nullptr, false);
    if (!tree.is_object()) return lab_error("stored parameters are not a JSON object");
    Params params;
    for (const auto& [name, element] : tree.items()) {
        FAULTLAB_TRY(Value value, from_tree(element, 0));
        params.emplace(name, std::move(value));
    }
    return params;
}

Result<std::vector<std::int64_t>> integers_from_json(std::string_view json) {
    const Json tree = Json::parse(json, nullptr, false);
    if (!tree.is_array()) return lab_error("a stored list of numbers is not a JSON list");
    std::vector<std::int64_t> integers;
    for (const Json& element : tree) {
        if (!element.is_number_integer()) return lab_error("a stored list holds no number");
        integers.push_back(element.get<std::int64_t>());
    }
    return integers;
}

} // namespace faultlab
