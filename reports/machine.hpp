#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "reports/story.hpp"

#include <span>
#include <string>

namespace faultlab {

/// The report for programs: one JSON object of schema "faultlab.report/1", indented, ending in a
/// newline. Texts are `visible` and shortened; times are nanoseconds since the start of the run.
/// Pure.
[[nodiscard]] std::string render_json(const Record& record,
                                      std::span<const CheckResult> results,
                                      const StoryContext& context);

} // namespace faultlab
