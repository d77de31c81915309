#pragma once

#include "core/history.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace faultlab {

/// What the field "ns" of an event means.
enum class Namespaces : std::uint8_t {
    ignored,  ///< nothing, as any field that is not known
    separate, ///< of the model kv: keys of different namespaces are different keys, [ns, key]
};

/// Reads a history of neutral JSON lines, ours or anybody's. The order of its lines becomes the
/// order of the indexes. Nothing is guessed: what is not a history is refused with `file_name`, the
/// line, what is wrong and what was expected (usage error). Which f a model knows is checked by
/// whoever knows the model.
Result<History> import_jsonl(std::istream& in,
                             std::string_view file_name,
                             Namespaces namespaces = Namespaces::ignored);

/// The same, with the events of processes that are not integers (faults, for display) as events:
/// kind is their process, fields their type, f and value.
Result<Record> import_jsonl_record(std::istream& in,
                                   std::string_view file_name,
                                   Namespaces namespaces = Namespaces::ignored);

} // namespace faultlab
