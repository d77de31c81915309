#pragma once

#include "core/record.hpp"
#include "reports/story.hpp"

#include <string>

namespace faultlab {

/// A picture, and in words what it shows and what was left out of it.
struct Picture {
    std::string svg;                ///< empty: there is nothing to draw
    std::vector<std::string> words; ///< plain text
};

/// The stretch of the run around the told finding: faults, roles, and one lane a client. The
/// counterexample is always in it, whatever else is left out; at most about 300 operations are.
[[nodiscard]] Picture draw_timeline(const Record& record, const Story& story);

} // namespace faultlab
