#pragma once

#include "core/types.hpp"
#include "core/value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// How reports write texts, numbers and times. Pure; all functions may be called from any thread.
namespace faultlab {

inline constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

/// Text from the system under test, made safe to look at: what is not a printable character
/// (control characters, bidirectional overrides, invisible characters, bytes that are not UTF-8) is
/// written as \n, \u202e or \xff. Longer than `limit` characters, it is cut in the middle and its
/// full size is said. The result is valid UTF-8, and `visible` of it changes nothing.
[[nodiscard]] std::string visible(std::string_view text, std::size_t limit = unlimited);

/// The one function that makes text fit for HTML and SVG, in content and in quoted attributes:
/// `visible`, and the five characters of markup as entities.
[[nodiscard]] std::string escape(std::string_view text);

/// "48,930"
[[nodiscard]] std::string count_text(std::int64_t number);
/// "1 key", "20 keys"
[[nodiscard]] std::string count_text(std::int64_t number, std::string_view noun);
/// "12.393": seconds since the start of the run, with milliseconds.
[[nodiscard]] std::string moment_text(Nanos t);
/// "38 ms", "1.25 s", "640 µs", "2 min 5 s"
[[nodiscard]] std::string duration_text(Nanos duration);
/// "0x5eed1234"
[[nodiscard]] std::string seed_text(std::uint64_t seed);

/// A value as people write it, at most about `limit` characters: 4, "text", absent.
[[nodiscard]] std::string value_text(const Value& value, std::size_t limit = 60);
/// The same, but a text that is a plain word stands without quotes: k17.
[[nodiscard]] std::string key_text(const Value& value);
/// The members of `params`, as "name value, name value".
[[nodiscard]] std::string params_text(const Params& params, std::size_t limit = 60);

/// "lab_version" as "Lab version".
[[nodiscard]] std::string title_text(std::string_view name);
/// "a", "a and b", "a, b and c": each made visible.
[[nodiscard]] std::string list_text(const std::vector<std::string>& items);

/// Number of characters of valid UTF-8.
[[nodiscard]] std::size_t width_of(std::string_view text);

} // namespace faultlab
