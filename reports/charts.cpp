#include "reports/charts.hpp"

#include "reports/markup.hpp"
#include "reports/roles.hpp"
#include "reports/scale.hpp"
#include "reports/series.hpp"
#include "reports/steps.hpp"
#include "reports/svg.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr double chart_top = 24;
constexpr double chart_height = 130;
constexpr double chart_bottom = chart_top + chart_height;
constexpr double label_spacing = 13;

TimeScale whole_run(const Tally& tally) {
    return {0, std::max<Nanos>(tally.end, millisecond), svg::left, svg::right};
}

struct Curve {
    std::string name;
    std::string_view look; ///< class and plain attributes
    struct Point {
        double x;
        double y;
        bool starts; ///< not joined with the point before
    };
    std::vector<Point> points;
};

void draw_curve(Markup& out, const Curve& curve) {
    std::string path;
    for (std::size_t i = 0; i < curve.points.size(); ++i) {
        const Curve::Point& point = curve.points[i];
        const bool alone =
            point.starts && (i + 1 == curve.points.size() || curve.points[i + 1].starts);
        path += fmt::format("{}{:.1f} {:.1f}", point.starts ? "M" : "L", point.x, point.y);
        if (alone) path += "h1.5";
    }
    out.put("<path d=\"{}\" fill=\"none\" {}/>\n", path, Raw{curve.look});
}

// Names at the right end of the curves, each with a piece of its line, moved apart where they
// would touch.
void name_curves(Markup& out, const std::vector<Curve>& curves) {
    struct Name {
        double y;
        const Curve* curve;
    };
    std::vector<Name> names;
    for (const Curve& curve : curves)
        if (!curve.points.empty()) names.push_back({curve.points.back().y, &curve});
    std::ranges::sort(names, {}, &Name::y);
    for (std::size_t i = 1; i < names.size(); ++i)
        names[i].y = std::max(names[i].y, names[i - 1].y + label_spacing);
    const double over = names.empty() ? 0 : names.back().y - chart_bottom;
    for (std::size_t i = names.size(); over > 0 && i-- > 0;) {
        const double below = i + 1 == names.size() ? chart_bottom + label_spacing : names[i + 1].y;
        names[i].y = std::min(names[i].y, below - label_spacing);
    }
    for (const Name& name : names) {
        out.put("<path d=\"M{:.1f} {:.1f}h10\" fill=\"none\" {}/>",
                svg::right + 3,
                name.y,
                Raw{name.curve->look});
        svg::text(out, svg::right + 17, name.y + 4, "curve", name.curve->name);
    }
}

struct Level {
    double y;
    std::string label;
};

// Faults, grid and axis, then the curves over them, then their names.
Picture chart(const Record& record,
              const Tally& tally,
              std::string_view title,
              const std::vector<Level>& levels,
              const std::vector<Curve>& curves) {
    const TimeScale scale = whole_run(tally);
    Markup out;
    svg::open(out, chart_bottom + 10, title);
    svg::fault_shades(out, record, scale, chart_top, chart_bottom);
    svg::time_axis(out, scale, chart_top, chart_bottom);
    for (const Level& level : levels) {
        svg::line(out, svg::left, level.y, svg::right, level.y, "grid");
        svg::text(out, svg::left - 8, level.y + 4, "tick", level.label, svg::Anchor::end);
    }
    for (const Curve& curve : curves)
        draw_curve(out, curve);
    name_curves(out, curves);
    svg::close(out);
    return {.svg = out.take(), .words = {}};
}

// A round number of which a few reach `most`.
double round_step(double most, int count) {
    const double rough = std::max(most / count, 1e-9);
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= rough) return factor * power;
    return 10 * power;
}

std::string decade_name(int exponent) {
    const char* units[] = {"ns", "µs", "ms", "s"};
    const int unit = std::min(exponent / 3, 3);
    return fmt::format("{:.0f} {}", std::pow(10, exponent - unit * 3), units[unit]);
}

double middle_of(const Series& series, std::size_t at, const TimeScale& scale) {
    const Nanos from = static_cast<Nanos>(at) * series.slice;
    return scale.x(std::min(from + series.slice / 2, series.end));
}

constexpr std::string_view node_looks[] = {
    R"(class="node-a" stroke="#0072b2" stroke-width="2")",
    R"(class="node-b" stroke="#9a4fa0" stroke-width="2" stroke-dasharray="7 3")",
    R"(class="node-c" stroke="#007a5a" stroke-width="2" stroke-dasharray="2 3")",
    R"(class="node-d" stroke="#8a5a00" stroke-width="2" stroke-dasharray="9 3 2 3")",
    R"(class="node-e" stroke="#5a6470" stroke-width="2" stroke-dasharray="4 4")"};

} // namespace

Picture draw_overview(const Record& record, const Tally& tally) {
    const TimeScale scale = whole_run(tally);
    Markup body;
    double y = 26;
    y += svg::fault_bars(body, record, scale, y);
    const double faults_end = y;
    if (y > 26) y += 4;
    y += svg::role_lanes(body, record, scale, y);
    if (y <= 26) return {};
    Markup out;
    svg::open(out, y + 6, "The whole run: faults and roles of the nodes");
    svg::time_axis(out, scale, 20, y + 2);
    out.put("{}", Raw{body.text()});
    svg::close(out);
    Picture picture{.svg = out.take(), .words = {}};
    if (faults_end > 26)
        picture.words.emplace_back(
            "A bar is a fault, from its injection to its heal: ✔ where a probe proved that it was "
            "gone, ? where none did; numbers are those of the table of faults. ◆ is a change of "
            "leader.");
    return picture;
}

Picture draw_throughput(const Record& record, const Tally& tally) {
    const Series series = make_series(record, tally.end);
    if (series.ok.empty()) return {};
    const TimeScale scale = whole_run(tally);
    const std::pair<const char*, const std::vector<double>*> parts[] = {
        {"ok", &series.ok}, {"unknown", &series.indeterminate}, {"failed", &series.failed}};
    constexpr std::string_view looks[] = {
        R"(class="line-ok" stroke="#0072b2" stroke-width="2")",
        R"(class="line-info" stroke="#a86f00" stroke-width="2" stroke-dasharray="6 3")",
        R"(class="line-fail" stroke="#767d86" stroke-width="2" stroke-dasharray="2 3")"};
    double most = 1;
    for (const auto& [name, values] : parts)
        most = std::max(most, *std::ranges::max_element(*values));
    const double step = std::max(1.0, round_step(most, 4));
    const double top = std::ceil(most / step) * step;
    const auto y_of = [top](double value) { return chart_bottom - value / top * chart_height; };
    std::vector<Level> levels;
    for (double value = 0; value <= top + step / 2; value += step)
        levels.push_back({y_of(value), count_text(static_cast<std::int64_t>(value))});
    std::vector<Curve> curves;
    for (std::size_t part = 0; part < std::size(parts); ++part) {
        const auto& [name, values] = parts[part];
        if (std::ranges::all_of(*values, [](double value) { return value == 0; })) continue;
        Curve curve{.name = name, .look = looks[part], .points = {}};
        for (std::size_t i = 0; i < values->size(); ++i)
            curve.points.push_back({middle_of(series, i, scale), y_of((*values)[i]), i == 0});
        curves.push_back(std::move(curve));
    }
    Picture picture =
        chart(record, tally, "Operations a second by outcome, over the whole run", levels, curves);
    picture.words.push_back("Operations a second by outcome, in slices of " +
                            duration_text(series.slice) + ".");
    return picture;
}

Picture draw_latency(const Record& record, const Tally& tally) {
    const Series series = make_series(record, tally.end);
    Nanos least = 0;
    Nanos most = 0;
    for (const auto& latency : series.latency) {
        if (latency[0] < 0) continue;
        least = least == 0 ? latency[0] : std::min(least, latency[0]);
        most = std::max(most, latency[3]);
    }
    if (most == 0) return {};
    const int low = static_cast<int>(std::floor(std::log10(static_cast<double>(least))));
    const int high =
        std::max(low + 1, static_cast<int>(std::ceil(std::log10(static_cast<double>(most)))));
    const auto y_of = [low, high](double exponent) {
        return chart_bottom - (exponent - low) / (high - low) * chart_height;
    };
    std::vector<Level> levels;
    for (int exponent = low; exponent <= high; ++exponent)
        levels.push_back({y_of(exponent), decade_name(exponent)});
    constexpr std::string_view looks[] = {
        R"(class="line-p50" stroke="#0072b2" stroke-width="2.5")",
        R"(class="line-p95" stroke="#0072b2" stroke-width="1.5" stroke-dasharray="6 3")",
        R"(class="line-p99" stroke="#0072b2" stroke-width="1.5" stroke-dasharray="2 2")",
        R"(class="line-max" stroke="#5a6470" stroke-width="1")"};
    const TimeScale scale = whole_run(tally);
    std::vector<Curve> curves;
    for (std::size_t q = 0; q < latency_names.size(); ++q) {
        Curve curve{.name = std::string(latency_names[q]), .look = looks[q], .points = {}};
        bool starts = true;
        for (std::size_t i = 0; i < series.latency.size(); ++i) {
            const Nanos value = series.latency[i][q];
            if (value >= 0) {
                curve.points.push_back({middle_of(series, i, scale),
                                        y_of(std::log10(static_cast<double>(value))),
                                        starts});
            }
            starts = value < 0;
        }
        curves.push_back(std::move(curve));
    }
    Picture picture =
        chart(record, tally, "Latency of ok operations over the whole run", levels, curves);
    picture.words.push_back("Latency of ok operations from their intended start, in slices of " +
                            duration_text(series.slice) + "; the scale is logarithmic.");
    return picture;
}

Picture draw_metric(const Record& record, const Tally& tally, std::string_view metric) {
    const std::vector<MetricLine> lines = metric_lines(record, metric, tally.end);
    std::int64_t low = 0;
    std::int64_t high = 0;
    bool any = false;
    for (const MetricLine& line : lines) {
        for (const MetricLine::Point& point : line.points) {
            low = any ? std::min(low, point.value) : point.value;
            high = any ? std::max(high, point.value) : point.value;
            any = true;
        }
    }
    if (!any) return {};
    const double step = std::max(1.0, round_step(static_cast<double>(high - low), 4));
    const double bottom = std::floor(static_cast<double>(low) / step) * step;
    const double top = std::max(bottom + step, std::ceil(static_cast<double>(high) / step) * step);
    const auto y_of = [&](double value) {
        return chart_bottom - (value - bottom) / (top - bottom) * chart_height;
    };
    std::vector<Level> levels;
    for (double value = bottom; value <= top + step / 2; value += step)
        levels.push_back({y_of(value), count_text(static_cast<std::int64_t>(value))});
    const TimeScale scale = whole_run(tally);
    std::vector<Curve> curves;
    for (const MetricLine& line : lines) {
        Curve curve{.name = visible(node_name(record, line.node), 8),
                    .look = node_looks[curves.size() % std::size(node_looks)],
                    .points = {}};
        Nanos before = 0;
        for (const MetricLine::Point& point : line.points) {
            const double x = scale.x(point.t);
            const double y = y_of(static_cast<double>(point.value));
            const bool starts =
                curve.points.empty() || point.t - before > std::max(second, tally.end / 200);
            // A step: the old value holds until the new one was seen.
            if (!starts && metric == "term")
                curve.points.push_back({x, curve.points.back().y, false});
            curve.points.push_back({x, y, starts});
            before = point.t;
        }
        curves.push_back(std::move(curve));
    }
    Picture picture = chart(record, tally, title_text(metric) + " of every node", levels, curves);
    picture.words.push_back(
        title_text(metric) +
        " as each node reported it; a line breaks where a node gave no answer.");
    return picture;
}

} // namespace faultlab
