#include "reports/svg.hpp"

#include "reports/roles.hpp"
#include "reports/steps.hpp"
#include "reports/text.hpp"

#include <algorithm>
#include <string>

namespace faultlab::svg {
namespace {

constexpr std::size_t most_bars = 200;
constexpr std::size_t most_marks = 40;
constexpr double bar_height = 18;
constexpr double lane_height = 22;

// Attributes for readers that get no style sheet.
std::string_view plain_look(std::string_view css) {
    struct Look {
        std::string_view css;
        std::string_view attributes;
    };
    constexpr Look looks[] = {
        {"grid", R"(stroke="#d9dde3")"},
        {"frame", R"(fill="none" stroke="#8a929c")"},
        {"lane", R"(stroke="#d9dde3")"},
        {"heal", R"(stroke="#00664f" stroke-dasharray="3 3")"},
        {"leader", R"(fill="#4a5561")"},
        {"follower", R"(fill="none" stroke="#8a929c")"},
        {"candidate", R"-(fill="url(#hatch-candidate)" stroke="#8a929c")-"},
        {"shade", R"(fill="#6b7480" fill-opacity="0.12")"},
        {"cut", R"(stroke="#8a929c" stroke-dasharray="2 3")"},
    };
    const auto look = std::ranges::find(looks, css, &Look::css);
    return look == std::end(looks) ? std::string_view() : look->attributes;
}

struct Bar {
    const FaultRecord* fault = nullptr;
    double x0 = 0;
    double x1 = 0;
    std::size_t lane = 0;
};

std::vector<Bar> bars_of(const Record& record, const TimeScale& scale) {
    std::vector<Bar> bars;
    std::vector<double> lane_ends;
    for (const FaultRecord& fault : record.faults) {
        const Nanos end = fault.t_ended < 0 ? scale.to() : fault.t_ended;
        if (fault.t_started < 0 || fault.t_started > scale.to() || end < scale.from()) continue;
        if (bars.size() == most_bars) break;
        Bar bar{.fault = &fault, .x0 = scale.x(fault.t_started), .x1 = scale.x(end)};
        bar.x1 = std::max(bar.x1, bar.x0 + 2);
        while (bar.lane < lane_ends.size() && lane_ends[bar.lane] > bar.x0)
            ++bar.lane;
        if (bar.lane == lane_ends.size()) lane_ends.push_back(0);
        lane_ends[bar.lane] = bar.x1;
        bars.push_back(bar);
    }
    return bars;
}

std::string times_of(const FaultRecord& fault) {
    if (fault.t_ended < 0) return "since " + moment_text(fault.t_started) + " s";
    return moment_text(fault.t_started) + "–" + moment_text(fault.t_ended) + " s";
}

// The longest of several wordings that fits into the bar.
std::string label_for(const Bar& bar) {
    const std::string kind = visible(bar.fault->fault.nemesis, 30);
    const std::string what = fault_text(bar.fault->fault);
    const std::string number = std::to_string(bar.fault->fault.id);
    const std::string wordings[] = {
        what + ", " + times_of(*bar.fault), what, kind + " " + number, kind, number};
    for (const std::string& wording : wordings)
        if (label_width(wording) + 22 <= bar.x1 - bar.x0) return wording;
    return {};
}

// The whole text, else the short one, else nothing: whatever fits.
std::string role_label(const std::string& whole, const std::string& brief, double room) {
    if (label_width(whole) + 14 <= room) return whole;
    return label_width(brief) + 14 <= room ? brief : std::string();
}

} // namespace

double label_width(std::string_view text) {
    return 6.5 * static_cast<double>(width_of(text));
}

void open(Markup& out, double height, std::string_view title) {
    out.put("<svg viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\" role=\"img\" "
            "aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"11\">\n",
            width,
            height,
            width,
            height,
            title);
}

void close(Markup& out) {
    out.put("</svg>\n");
}

void text(Markup& out,
          double x,
          double y,
          std::string_view css,
          std::string_view content,
          Anchor anchor) {
    if (content.empty()) return;
    const std::string_view anchors[] = {"start", "middle", "end"};
    out.put("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n",
            x,
            y,
            css,
            anchors[static_cast<std::size_t>(anchor)],
            content);
}

void line(Markup& out, double x1, double y1, double x2, double y2, std::string_view css) {
    out.put("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\" {}/>\n",
            x1,
            y1,
            x2,
            y2,
            css,
            Raw{plain_look(css)});
}

void rect(Markup& out, double x, double y, double w, double h, std::string_view css) {
    out.put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"{}\" "
            "{}/>\n",
            x,
            y,
            std::max(w, 0.5),
            h,
            css,
            Raw{plain_look(css)});
}

void time_axis(Markup& out, const TimeScale& scale, double top, double bottom) {
    text(out, right + 24, top - 5, "tick", "seconds");
    for (const TimeScale::Tick& tick : scale.ticks(86)) {
        line(out, tick.x, top, tick.x, bottom, "grid");
        text(out, tick.x, top - 5, "tick", tick.label, Anchor::middle);
    }
    for (const TimeScale::Piece& piece : scale.pieces()) {
        if (!piece.gap) continue;
        line(out, piece.x0, top, piece.x0, bottom, "cut");
        line(out, piece.x1, top, piece.x1, bottom, "cut");
        text(out, (piece.x0 + piece.x1) / 2, top - 5, "tick", "⋯", Anchor::middle);
    }
}

std::string_view hatch_of(std::string_view nemesis) {
    if (nemesis == "partition") return "hatch-partition";
    if (nemesis == "kill") return "hatch-kill";
    if (nemesis == "pause") return "hatch-pause";
    return "hatch-other";
}

double fault_bars(Markup& out, const Record& record, const TimeScale& scale, double top) {
    std::size_t lanes = 0;
    for (const Bar& bar : bars_of(record, scale)) {
        const double y = top + static_cast<double>(bar.lane) * lane_height;
        lanes = std::max(lanes, bar.lane + 1);
        out.put("<g class=\"fault\"><title>fault {}: {}, {}</title>",
                bar.fault->fault.id,
                visible(bar.fault->fault.summary, 160),
                times_of(*bar.fault));
        out.put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                "fill=\"url(#{})\" stroke=\"#6b7480\"/>\n",
                bar.x0,
                y,
                bar.x1 - bar.x0,
                bar_height,
                hatch_of(bar.fault->fault.nemesis));
        if (const std::string label = label_for(bar); !label.empty())
            text(out, bar.x0 + 5, y + 13, "halo", label);
        const bool ends_here = bar.fault->t_ended >= 0 && bar.fault->t_ended <= scale.to();
        if (ends_here && bar.x1 - bar.x0 > 16) {
            const bool healed = bar.fault->healed();
            text(out,
                 bar.x1 - 4,
                 y + 13,
                 healed ? "halo healed" : "halo doubt",
                 healed ? "✔" : "?",
                 Anchor::end);
        }
        out.put("</g>\n");
    }
    if (lanes > 0) text(out, left - 10, top + 13, "name", "faults", Anchor::end);
    return static_cast<double>(lanes) * lane_height;
}

void fault_shades(
    Markup& out, const Record& record, const TimeScale& scale, double top, double bottom) {
    const std::vector<Bar> bars = bars_of(record, scale);
    // Where there are very many, marks of healing would be all that is seen.
    const bool marked = bars.size() <= most_marks;
    for (const Bar& bar : bars) {
        rect(out, bar.x0, top, bar.x1 - bar.x0, bottom - top, "shade");
        if (marked && bar.fault->t_ended >= 0 && bar.fault->t_ended <= scale.to())
            line(out, bar.x1, top, bar.x1, bottom, "heal");
    }
}

double role_lanes(Markup& out, const Record& record, const TimeScale& scale, double top) {
    const std::vector<RoleBand> bands = role_bands(record);
    if (bands.empty()) return 0;
    const auto nodes = std::max<std::size_t>(1, record.cluster.nodes.size());
    for (std::size_t i = 0; i < nodes; ++i) {
        const double y = top + static_cast<double>(i) * lane_height;
        text(
            out, left - 10, y + 13, "name", node_name(record, static_cast<NodeId>(i)), Anchor::end);
        line(out, scale.left(), y + bar_height / 2, scale.right(), y + bar_height / 2, "lane");
    }
    for (const RoleBand& band : bands) {
        if (band.to < scale.from() || band.from > scale.to()) continue;
        if (band.node < 0 || static_cast<std::size_t>(band.node) >= nodes) continue;
        const double y = top + static_cast<double>(band.node) * lane_height;
        const double x0 = scale.x(band.from);
        const double x1 = scale.x(band.to);
        const std::string_view css = band.role == 2   ? "leader"
                                     : band.role == 1 ? "candidate"
                                                      : "follower";
        rect(out, x0, y, x1 - x0, bar_height, css);
        const std::string term =
            band.role == 2 && band.term >= 0 ? "term " + count_text(band.term) : std::string();
        const std::string name(css);
        const std::string label =
            role_label(term.empty() ? name : name + ", " + term, term, x1 - x0);
        text(out, x0 + 11, y + 13, band.role == 2 ? "on-leader" : "muted", label);
    }
    for (const Event& event : record.events) {
        const NodeId node = new_leader(event);
        const bool drawn = is_leader_change(event) && event.t >= scale.from() &&
                           event.t <= scale.to() && node >= 0 &&
                           static_cast<std::size_t>(node) < nodes;
        if (!drawn) continue;
        const double y = top + static_cast<double>(node) * lane_height;
        out.put("<g><title>{} becomes leader at {} s</title>",
                node_name(record, node),
                moment_text(event.t));
        text(out, scale.x(event.t), y + 13.5, "halo", "◆", Anchor::middle);
        out.put("</g>\n");
    }
    return static_cast<double>(nodes) * lane_height;
}

} // namespace faultlab::svg
