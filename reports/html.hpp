#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "reports/story.hpp"

#include <span>
#include <string>

namespace faultlab {

/// The report as one self-contained HTML file: no script, no network, readable from file:// and
/// with its styles blocked. Pure. Its size depends on the length of the run but little: charts are
/// aggregates, and single operations are drawn only around the finding.
[[nodiscard]] std::string render_html(const Record& record,
                                      std::span<const CheckResult> results,
                                      const StoryContext& context);

} // namespace faultlab
