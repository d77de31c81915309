#pragma once

#include "core/result.hpp"
#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

class Statement;

/// The storage class of a key or value column.
enum class CellType : std::uint8_t { null, integer, text, blob };

/// A value as a column of type ANY holds it (schema.sql, "Keys and values"). Refers to the bytes of
/// the value it was made of, or of the scratch text.
struct Cell {
    CellType type = CellType::null;
    std::int64_t integer = 0;
    std::string_view bytes; ///< of text and blob
};

/// `scratch` receives the JSON of lists and transactions; nothing is allocated for other values.
[[nodiscard]] Cell to_cell(const Value& value, std::string& scratch);
void bind_cell(Statement& statement, int parameter, const Cell& cell);
void bind_value(Statement& statement, int parameter, const Value& value, std::string& scratch);

/// The value of a column; an error when a blob does not hold what to_cell writes.
Result<Value> column_value(const Statement& row, int column);
Result<Value> value_from_blob(std::string_view blob);

/// A JSON object, every value encoded as in a blob.
[[nodiscard]] std::string params_to_json(const Params& params);
Result<Params> params_from_json(std::string_view json);

/// JSON list of integers.
[[nodiscard]] std::string integers_to_json(const auto& integers) {
    std::string text = "[";
    for (const auto integer : integers) {
        if (text.size() > 1) text += ',';
        text += std::to_string(integer);
    }
    return text + "]";
}
Result<std::vector<std::int64_t>> integers_from_json(std::string_view json);

} // namespace faultlab
