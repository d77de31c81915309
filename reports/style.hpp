#pragma once

#include <string_view>

namespace faultlab {

/// The style sheet of the page.
[[nodiscard]] std::string_view style_sheet();

/// The hatches that all pictures of the page refer to: an SVG without size.
[[nodiscard]] std::string_view hatch_definitions();

} // namespace faultlab
