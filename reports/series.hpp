#pragma once

#include "core/record.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace faultlab {

/// A run in even slices of time, few enough to be drawn. A completion counts where it was recorded.
struct Series {
    Nanos slice = 0;                               ///< length of a slice
    Nanos end = 0;                                 ///< of the run; the last slice may be shorter
    std::vector<double> ok, indeterminate, failed; ///< operations a second
    /// Latency of ok operations from their intended start: p50, p95, p99, max; -1 without any.
    std::vector<std::array<Nanos, 4>> latency;
};
inline constexpr std::array<std::string_view, 4> latency_names = {"p50", "p95", "p99", "max"};

/// Empty when the record has no operation.
[[nodiscard]] Series make_series(const Record& record, Nanos end);

/// One metric of one node over time, thinned to the last value of each slice.
struct MetricLine {
    NodeId node = no_node;
    struct Point {
        Nanos t = 0;
        std::int64_t value = 0;
    };
    std::vector<Point> points;
};
[[nodiscard]] std::vector<MetricLine>
metric_lines(const Record& record, std::string_view metric, Nanos end);

} // namespace faultlab
