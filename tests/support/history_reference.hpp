#pragma once

#include "core/record.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace faultlab::test {

/// What the slow readers make of a text: a record, or where it is wrong.
struct ReferenceReading {
    std::optional<Record> record;
    std::size_t line = 0; ///< of what is refused
    std::string why;
};

/// The formats of core/store/import.hpp once more, by trees of nlohmann_json and without any haste:
/// what the parsers accept these accept too, with the same history, and refuse the rest.
[[nodiscard]] ReferenceReading reference_jsonl(std::string_view text);
[[nodiscard]] ReferenceReading reference_edn(std::string_view text);

/// What differs between two records that were read from the same text; empty: nothing.
[[nodiscard]] std::string difference(const Record& a, const Record& b);

} // namespace faultlab::test
