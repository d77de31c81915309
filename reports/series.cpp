#include "reports/series.hpp"

#include <algorithm>
#include <map>

namespace faultlab {
namespace {

constexpr Nanos most_slices = 120;
constexpr Nanos metric_slices = 400;

// The shortest round length that gives few enough slices.
Nanos slice_for(Nanos end) {
    Nanos slice = 100 * millisecond;
    for (int i = 0; end / slice > most_slices; ++i)
        slice = i % 3 == 1 ? slice / 2 * 5 : slice * 2;
    return slice;
}

// Nearest-rank quantile; reorders `values`, which must not be empty.
Nanos quantile(std::vector<Nanos>& values, double q) {
    const auto rank = static_cast<std::size_t>(q * static_cast<double>(values.size()));
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::min(rank, values.size() - 1));
    std::ranges::nth_element(values, at);
    return *at;
}

} // namespace

Series make_series(const Record& record, Nanos end) {
    const History& history = record.history;
    if (history.size() == 0 || end <= 0) return {};
    Series series{.slice = slice_for(end), .end = end};
    // A rest of less than half a slice belongs to the slice before it: alone it would be a spike.
    const Nanos whole = std::max<Nanos>(1, (end + series.slice / 2) / series.slice);
    const auto slices = static_cast<std::size_t>(whole);
    for (auto* counts : {&series.ok, &series.indeterminate, &series.failed})
        counts->assign(slices, 0);
    std::vector<std::vector<Nanos>> latencies(slices);
    for (std::size_t i = 0; i < history.size(); ++i) {
        const Nanos t = history.t_ret()[i] >= 0 ? history.t_ret()[i] : history.t_inv()[i];
        const auto at = static_cast<std::size_t>(std::clamp<Nanos>(t / series.slice, 0, whole - 1));
        switch (history.status()[i]) {
            case OpStatus::ok:
                ++series.ok[at];
                latencies[at].push_back(std::max<Nanos>(t - history.t_due()[i], 1));
                break;
            case OpStatus::fail: ++series.failed[at]; break;
            case OpStatus::info:
            case OpStatus::open: ++series.indeterminate[at]; break;
        }
    }
    for (std::size_t at = 0; at < slices; ++at) {
        const Nanos from = static_cast<Nanos>(at) * series.slice;
        const Nanos length = at + 1 == slices ? end - from : series.slice;
        const double per_second = 1e9 / static_cast<double>(length);
        for (auto* counts : {&series.ok, &series.indeterminate, &series.failed})
            (*counts)[at] *= per_second;
        std::vector<Nanos>& values = latencies[at];
        if (values.empty()) {
            series.latency.push_back({-1, -1, -1, -1});
            continue;
        }
        series.latency.push_back({quantile(values, 0.50),
                                  quantile(values, 0.95),
                                  quantile(values, 0.99),
                                  *std::ranges::max_element(values)});
    }
    return series;
}

std::vector<MetricLine> metric_lines(const Record& record, std::string_view metric, Nanos end) {
    const Nanos slice = std::max<Nanos>(end / metric_slices, 1);
    std::map<NodeId, MetricLine> lines;
    for (const Sample& sample : record.samples) {
        if (sample.metric != metric) continue;
        MetricLine& line = lines[sample.node];
        line.node = sample.node;
        const bool same_slice =
            !line.points.empty() && line.points.back().t / slice == sample.t / slice;
        if (same_slice) line.points.pop_back();
        line.points.push_back({sample.t, sample.value});
    }
    std::vector<MetricLine> result;
    for (auto& [node, line] : lines)
        result.push_back(std::move(line));
    return result;
}

} // namespace faultlab
