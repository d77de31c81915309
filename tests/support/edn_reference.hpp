#pragma once

#include <nlohmann/json.hpp>

#include <string_view>
#include <vector>

namespace faultlab::test {

/// The events of an EDN history as JSON objects: keywords as texts, sets as lists, numbers that are
/// no integers of 64 bits as 0.5, what JSON does not have as {}. Throws std::runtime_error.
[[nodiscard]] std::vector<nlohmann::json> edn_events(std::string_view text);

/// [key value] with an integer or a text as the key.
[[nodiscard]] bool is_tuple(const nlohmann::json& value);

/// Whether the values of these events are such tuples: the rules of core/store/tuples.hpp.
[[nodiscard]] bool values_are_tuples(const std::vector<nlohmann::json>& events);

} // namespace faultlab::test
