#pragma once

#include "core/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace faultlab {

// What checkers of records read in events, and call their nodes.

/// The name that people see: "n2"; of a node that the cluster does not have "node 7".
[[nodiscard]] inline std::string name_of(const Record& record, NodeId node) {
    const auto i = static_cast<std::size_t>(node);
    return node >= 0 && i < record.cluster.nodes.size() ? record.cluster.nodes[i].name
                                                        : "node " + std::to_string(node);
}

/// Nothing when the event has no such field, or it is no integer.
[[nodiscard]] inline std::optional<std::int64_t> integer_field(const Event& event,
                                                               const char* field) {
    const auto found = event.fields.find(field);
    if (found == event.fields.end() || found->second.integer() == nullptr) return std::nullopt;
    return *found->second.integer();
}

/// Likewise of a text, which lives as long as the event.
[[nodiscard]] inline std::optional<std::string_view> text_field(const Event& event,
                                                                const char* field) {
    const auto found = event.fields.find(field);
    if (found == event.fields.end() || found->second.text() == nullptr) return std::nullopt;
    return *found->second.text();
}

} // namespace faultlab
