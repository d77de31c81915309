#pragma once

#include "core/store/token.hpp"
#include "core/types.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace faultlab {

/// An event that is no operation: of a fault, usually.
struct KeptEvent {
    Index before = 0; ///< it stood before the event of this index
    Nanos t = 0;
    std::vector<KeptField> fields; ///< all but the time, in their order
};

/// What a file held besides its history, for a copy of it that loses nothing.
struct Kept {
    bool whole = false;            ///< all was kept: a namespace is among the fields, and in no key
    std::vector<KeptEvent> events; ///< in their order
    std::unordered_map<OpId, std::vector<KeptField>> invoked, returned;
    /// Where the info of an operation stood. A history has only its time, which may be missing.
    std::unordered_map<OpId, Index> info_index;
    std::vector<std::string> names; ///< of the fields that are none of ours, by first use
};

/// A token as JSON and as EDN. What is no value and no JSON is a text in JSON. `from_edn`: of an
/// EDN file, so that it is EDN as it stands there.
[[nodiscard]] KeptField kept_field(std::string_view name, const Token& token, bool from_edn);

/// Whether the text is one JSON value, and nothing more.
[[nodiscard]] bool is_json(std::string_view text);

} // namespace faultlab
