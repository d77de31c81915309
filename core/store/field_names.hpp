#pragma once

#include "core/store/text_scan.hpp"
#include "core/store/token.hpp"

#include <optional>
#include <string_view>

namespace faultlab {

/// The field of this name. Requires: `scan::padding_bytes` readable behind it.
inline std::optional<Field> field_of(std::string_view name) {
    const auto is = [&](Field field) { return scan::begins(name.data(), name_of(field)); };
    switch (name.size()) {
        case 1:
            if (is(Field::f)) return Field::f;
            break;
        case 2:
            if (is(Field::space)) return Field::space;
            break;
        case 3:
            if (is(Field::key)) return Field::key;
            if (is(Field::ret)) return Field::ret;
            if (is(Field::due)) return Field::due;
            break;
        case 4:
            if (is(Field::type)) return Field::type;
            if (is(Field::time)) return Field::time;
            if (is(Field::node)) return Field::node;
            break;
        case 5:
            if (is(Field::value)) return Field::value;
            if (is(Field::error)) return Field::error;
            break;
        case 6:
            if (is(Field::client)) return Field::client;
            break;
        case 7:
            if (is(Field::process)) return Field::process;
            break;
        default: break;
    }
    return std::nullopt;
}

} // namespace faultlab
