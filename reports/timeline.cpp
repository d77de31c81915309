#include "reports/timeline.hpp"

#include "reports/markup.hpp"
#include "reports/scale.hpp"
#include "reports/sentence.hpp"
#include "reports/steps.hpp"
#include "reports/svg.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t most_operations = 300;
constexpr std::size_t most_lanes = 14;
constexpr double box_height = 15;
constexpr double quiet_lane = 21;
constexpr double told_lane = 36; ///< with a line of labels above its boxes

struct Box {
    Op op;
    bool told = false; ///< part of the counterexample
    bool same_key = false;
    std::size_t step = 0; ///< its number among the story's steps; 0: none
};

struct Lane {
    std::int32_t client = 0;
    bool told = false;
    std::vector<Box> boxes;
};

struct Choice {
    OpId subject = -1; ///< marked with ✖
    Wording wording;
    std::vector<Lane> lanes;
    std::size_t left_out = 0;
    std::size_t clients_left_out = 0;
};

bool answered(const Op& op) {
    return op.status == OpStatus::ok || op.status == OpStatus::fail;
}

Nanos end_of(const Op& op, Nanos otherwise) {
    return answered(op) ? std::max(op.t_ret, op.t_inv) : otherwise;
}

// Enough around each moment that an operation of usual length is wide enough to be read.
Nanos margin_for(const std::vector<Op>& ops) {
    std::vector<Nanos> lengths;
    for (const Op& op : ops)
        if (answered(op)) lengths.push_back(op.t_ret - op.t_inv);
    std::ranges::sort(lengths);
    const Nanos usual = lengths.empty() ? 10 * millisecond : lengths[lengths.size() / 2];
    return std::clamp(usual * 5 / 2, 3 * millisecond, 2 * second);
}

TimeScale scale_for(const std::vector<Op>& ops, const Story& story) {
    std::vector<Nanos> moments;
    Nanos first = ops.front().t_inv;
    for (const Op& op : ops) {
        moments.push_back(op.t_inv);
        if (answered(op)) moments.push_back(std::max(op.t_ret, op.t_inv));
        first = std::min(first, op.t_inv);
    }
    // A fault that began long before is drawn from the edge on; one that began within is shown.
    for (const StoryStep& step : story.steps)
        if (step.kind != StoryStep::Kind::operation && step.t >= first) moments.push_back(step.t);
    return TimeScale::around(std::move(moments), margin_for(ops), svg::left, svg::right);
}

std::map<OpId, std::size_t> step_numbers(const Story& story) {
    std::map<OpId, std::size_t> numbers;
    for (std::size_t i = 0; i < story.steps.size(); ++i) {
        if (story.steps[i].kind == StoryStep::Kind::operation) numbers[story.steps[i].id] = i + 1;
    }
    return numbers;
}

// Operations that some fully drawn stretch shows, those that matter most first.
std::vector<OpId> operations_in(const Record& record,
                                const TimeScale& scale,
                                const std::set<OpId>& told,
                                Symbol key,
                                Nanos centre) {
    const History& history = record.history;
    struct Ranked {
        int rank;
        Nanos distance;
        OpId id;
        auto operator<=>(const Ranked&) const = default;
    };
    std::vector<Ranked> ranked;
    for (std::size_t i = 0; i < history.size(); ++i) {
        const Nanos from = history.t_inv()[i];
        const bool closed =
            history.status()[i] == OpStatus::ok || history.status()[i] == OpStatus::fail;
        const Nanos to = std::max(from, history.t_ret()[i]);
        const auto id = static_cast<OpId>(i);
        const bool cited = told.contains(id);
        const bool same_key = history.key()[i] == key;
        // What stayed open from long before concerns only its own key.
        const bool tail = !closed && same_key && from <= scale.to() && to >= scale.from();
        if (!cited && !tail && !scale.shows(from, closed ? to : from)) continue;
        ranked.push_back({cited ? 0 : same_key ? 1 : 2, std::abs(from - centre), id});
    }
    std::ranges::sort(ranked);
    std::vector<OpId> ids;
    for (const Ranked& entry : ranked)
        ids.push_back(entry.id);
    return ids;
}

Choice choose(const Record& record,
              const Story& story,
              const std::vector<Op>& ops,
              const TimeScale& scale) {
    std::set<OpId> told;
    std::set<std::int32_t> told_clients;
    for (const Op& op : ops) {
        told.insert(op.id);
        told_clients.insert(op.client);
    }
    const Op& last = ops.back();
    const Symbol key = record.history.key()[static_cast<std::size_t>(last.id)];
    const auto numbers = step_numbers(story);
    Choice choice{.subject = last.id, .wording = wording_of(record), .lanes = {}};
    std::map<std::int32_t, std::size_t> lane_of;
    std::set<std::int32_t> refused;
    std::size_t drawn = 0;
    for (const OpId id : operations_in(record, scale, told, key, last.t_inv)) {
        Box box{.op = record.history.op(id), .told = told.contains(id)};
        const std::int32_t client = box.op.client;
        const bool room = drawn < most_operations &&
                          (lane_of.contains(client) || choice.lanes.size() < most_lanes);
        if (!box.told && !room) {
            ++choice.left_out;
            if (!lane_of.contains(client)) refused.insert(client);
            continue;
        }
        const auto [lane, added] = lane_of.try_emplace(client, choice.lanes.size());
        if (added)
            choice.lanes.push_back({.client = client, .told = told_clients.contains(client)});
        const auto number = numbers.find(id);
        box.step = number == numbers.end() ? 0 : number->second;
        box.same_key = record.history.key()[static_cast<std::size_t>(id)] == key;
        choice.lanes[lane->second].boxes.push_back(std::move(box));
        ++drawn;
    }
    choice.clients_left_out = refused.size();
    std::ranges::sort(
        choice.lanes, {}, [](const Lane& lane) { return std::pair(!lane.told, lane.client); });
    for (Lane& lane : choice.lanes)
        std::ranges::sort(lane.boxes, {}, [](const Box& box) { return box.op.inv_index; });
    return choice;
}

std::string_view look_of(OpStatus status) {
    switch (status) {
        case OpStatus::ok: return R"(class="ok" fill="#0072b2")";
        case OpStatus::fail: return R"(class="fail" fill="none" stroke="#767d86")";
        case OpStatus::info:
        case OpStatus::open: return R"-(class="info" fill="url(#hatch-info)" stroke="#a86f00")-";
    }
    return "";
}

void draw_box(
    Markup& out, const Box& box, const Wording& wording, const TimeScale& scale, double y) {
    const Op& op = box.op;
    const double x0 = scale.x(op.t_inv);
    const double x1 = scale.x(end_of(op, scale.to()));
    const double wide = std::max(x1 - x0, box.told ? 4.0 : 2.0);
    const bool faded = !box.told && !box.same_key;
    out.put("<g{}><title>client {}, {}: {}, {} s, {}</title>",
            Raw{faded ? " opacity=\"0.38\"" : ""},
            op.client,
            op.node == no_node ? std::string("no node") : fmt::format("n{}", op.node + 1),
            action_text(op, wording),
            moment_text(op.t_inv),
            outcome_text(op));
    out.put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" rx=\"2\" {}/>",
            x0,
            y,
            wide,
            box_height,
            Raw{look_of(op.status)});
    if (box.told) {
        out.put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" rx=\"3\" "
                "class=\"told\" fill=\"none\" stroke=\"#d55e00\" stroke-width=\"3\"/>",
                x0 - 2,
                y - 2,
                wide + 4,
                box_height + 4);
    }
    const std::string label = action_label(op, wording, 16);
    const bool inside = !box.told && box.same_key && svg::label_width(label) + 8 <= wide;
    if (inside) {
        svg::text(out, x0 + 4, y + 11.5, op.status == OpStatus::ok ? "on-ok" : "halo", label);
    }
    out.put("</g>\n");
}

// Labels of one lane stand on one line; one that would run into its neighbour moves right.
void draw_told_labels(
    Markup& out, const Lane& lane, const Choice& choice, const TimeScale& scale, double y) {
    double free_from = svg::left;
    for (const Box& box : lane.boxes) {
        if (!box.told) continue;
        const bool divergent = box.op.id == choice.subject;
        std::string label = action_label(box.op, choice.wording, 40);
        if (box.step > 0) label = fmt::format("{}. {}", box.step, label);
        if (divergent) label += " ✖";
        if (!answered(box.op)) label += ", outcome unknown";
        const double wide = svg::label_width(label) * 1.14;
        double x = std::max(scale.x(box.op.t_inv) - 2, free_from);
        x = std::min(x, std::max(free_from, svg::width - wide - 4));
        svg::text(out, x, y, divergent ? "told-label divergent" : "told-label", label);
        free_from = x + wide + 10;
    }
}

double draw_lanes(Markup& out, const Choice& choice, const TimeScale& scale, double y) {
    bool separated = false;
    for (const Lane& lane : choice.lanes) {
        if (!lane.told && !separated) {
            y += 8;
            separated = true;
        }
        const double height = lane.told ? told_lane : quiet_lane;
        const double box_y = y + height - box_height - 4;
        svg::line(
            out, svg::left, box_y + box_height / 2, svg::right, box_y + box_height / 2, "lane");
        svg::text(out,
                  svg::left - 10,
                  box_y + 11.5,
                  lane.told ? "name strong" : "name",
                  fmt::format("client {}", lane.client),
                  svg::Anchor::end);
        // What is told is drawn last, so that nothing covers it.
        for (const Box& box : lane.boxes)
            if (!box.told) draw_box(out, box, choice.wording, scale, box_y);
        for (const Box& box : lane.boxes)
            if (box.told) draw_box(out, box, choice.wording, scale, box_y);
        if (lane.told) draw_told_labels(out, lane, choice, scale, box_y - 6);
        y += height;
    }
    return y;
}

std::vector<std::string> words_for(const Choice& choice, const TimeScale& scale) {
    std::vector<std::string> words;
    std::size_t drawn = 0;
    for (const Lane& lane : choice.lanes)
        drawn += lane.boxes.size();
    words.push_back(fmt::format(
        "{} to {} s. Outlined and numbered as above: the counterexample. Faint: operations on "
        "other keys.",
        moment_text(scale.from()),
        moment_text(scale.to())));
    if (scale.pieces().size() > 1)
        words.push_back("Between dotted lines (⋯) time is folded: nothing of the counterexample "
                        "happened there, and other operations are left out.");
    if (choice.left_out > 0) {
        words.push_back(fmt::format(
            "{} of {} in this stretch are drawn, those of the counterexample and of its key "
            "first{}.",
            count_text(static_cast<std::int64_t>(drawn)),
            count_text(static_cast<std::int64_t>(drawn + choice.left_out), "operation"),
            choice.clients_left_out == 0
                ? std::string()
                : fmt::format("; {} left out",
                              count_text(static_cast<std::int64_t>(choice.clients_left_out),
                                         "more client"))));
    }
    return words;
}

} // namespace

Picture draw_timeline(const Record& record, const Story& story) {
    if (!story.finding) return {};
    std::vector<Op> ops = counterexample(record.history, *story.finding);
    if (ops.empty()) return {};
    if (const std::optional<Op> last = subject(record.history, *story.finding)) {
        std::erase_if(ops, [&last](const Op& op) { return op.id == last->id; });
        ops.push_back(*last);
    }
    const TimeScale scale = scale_for(ops, story);
    const Choice choice = choose(record, story, ops, scale);
    // The height is known only when all is drawn, and stands at the front.
    Markup body;
    double y = 26;
    y += svg::fault_bars(body, record, scale, y) + 4;
    y += svg::role_lanes(body, record, scale, y) + 4;
    y = draw_lanes(body, choice, scale, y);
    Markup out;
    svg::open(out, y + 8, "Timeline of the counterexample: faults, roles of nodes, clients");
    svg::time_axis(out, scale, 20, y + 2);
    out.put("{}", Raw{body.text()});
    svg::close(out);
    return {.svg = out.take(), .words = words_for(choice, scale)};
}

} // namespace faultlab
