#pragma once

#include "reports/story.hpp"

#include <cstddef>
#include <string>

namespace faultlab {

struct TextStyle {
    std::size_t width = 100; ///< columns; at least 40 are used
    bool color = false;      ///< ANSI colours; never the only sign of anything
    bool unicode = true;     ///< false: ASCII only
};

/// The first screen as text, ending in a newline: what `faultlab explain` prints. Pure.
[[nodiscard]] std::string render_text(const Story& story, const TextStyle& style);

} // namespace faultlab
