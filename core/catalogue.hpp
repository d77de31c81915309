#pragma once

#include "core/options.hpp"
#include "core/result.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// That `typed` is no `kind`, with those of `names` that are near.
[[nodiscard]] Error
unknown_name(std::string_view kind, std::string_view typed, std::span<const std::string> names);

/// The entry of this name in an extension folder's catalogue. A name that is not in it is a usage
/// error that names the nearest ones.
template <class Entry>
Result<const Entry*>
find_entry(std::span<const Entry> catalogue, std::string_view kind, std::string_view name) {
    const auto found = std::ranges::find(catalogue, name, &Entry::name);
    if (found != catalogue.end()) return &*found;
    std::vector<std::string> names;
    for (const Entry& entry : catalogue)
        names.emplace_back(entry.name);
    return unknown_name(kind, name, names);
}

} // namespace faultlab
