#include "core/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace faultlab {

Error
unknown_name(std::string_view kind, std::string_view typed, std::span<const std::string> names) {
    return usage_error(fmt::format("there is no {} '{}'", kind, typed),
                       fmt::format("nearest: {}", fmt::join(nearest_names(typed, names), ", ")));
}

} // namespace faultlab
