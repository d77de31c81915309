#pragma once

#include "core/record.hpp"
#include "reports/story.hpp"
#include "reports/timeline.hpp"

#include <string>
#include <string_view>

namespace faultlab {

/// Pictures of the whole run, all with the same time axis, so that they can stand one below the
/// other. Each is empty when the record has nothing to draw in it.
[[nodiscard]] Picture draw_overview(const Record& record, const Tally& tally);
[[nodiscard]] Picture draw_throughput(const Record& record, const Tally& tally);
[[nodiscard]] Picture draw_latency(const Record& record, const Tally& tally);
/// One line a node of a metric of the samples: "term", "commit", "applied".
[[nodiscard]] Picture
draw_metric(const Record& record, const Tally& tally, std::string_view metric);

} // namespace faultlab
