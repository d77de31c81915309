#include "nemesis/schedule.hpp"

#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <utility>

namespace faultlab {
namespace {

/// One of the kinds that take turns.
struct Kind {
    std::string name; ///< as the user wrote it: also the name of its stream
    std::unique_ptr<Nemesis> nemesis;
    bool for_good = false;
    std::int32_t drawn = 0;
};

struct Window {
    Nanos start = 0;
    Nanos duration = 0;
};

/// How many faults surely fit, were all of them and all pauses between them as short as allowed.
std::int64_t fitting(const ScheduleSpec& spec) {
    const Nanos room = spec.duration - spec.margin - spec.first_after;
    if (room < spec.shortest_on) return 0;
    return 1 + (room - spec.shortest_on) / (spec.shortest_on + spec.shortest_off);
}

/// When the faults are on. What a fault or a pause takes beyond its shortest time comes out of the
/// slack that the `wanted` faults leave, so that they always fit.
std::vector<Window> draw_windows(const ScheduleSpec& spec, std::int64_t wanted, const Rng& rng) {
    const Nanos end = spec.duration - spec.margin;
    std::vector<Window> windows;
    Nanos start = spec.first_after;
    for (std::int64_t i = 0; start + spec.shortest_on <= end; ++i) {
        Rng stream = rng.split(fmt::format("time/{}", i));
        const std::int64_t still = std::max<std::int64_t>(0, wanted - i - 1);
        const Nanos reserved = still * (spec.shortest_on + spec.shortest_off);
        const Nanos on_slack = end - start - spec.shortest_on - reserved;
        const Nanos on = spec.shortest_on +
                         stream.between(0, std::min(spec.longest_on - spec.shortest_on, on_slack));
        windows.push_back({.start = start, .duration = on});
        Nanos off_room = spec.longest_off - spec.shortest_off;
        if (still > 0) off_room = std::min(off_room, end - start - on - reserved);
        start += on + spec.shortest_off + stream.between(0, off_room);
    }
    return windows;
}

/// Of all rows, by their start. The first row is as if it were alone.
std::vector<Window> draw_rows(const ScheduleSpec& spec, std::int64_t wanted, const Rng& rng) {
    std::vector<Window> all = draw_windows(spec, wanted, rng);
    for (std::int32_t row = 1; row < spec.at_once; ++row) {
        ScheduleSpec later = spec;
        later.first_after += row * spec.shortest_on / spec.at_once;
        const auto more = draw_windows(later, 0, rng.split(fmt::format("row/{}", row)));
        all.insert(all.end(), more.begin(), more.end());
    }
    std::ranges::stable_sort(all, {}, &Window::start);
    return all;
}

/// A cluster that is not there yet: enough to find out whether a detail makes sense at all.
ClusterView imagined_cluster(std::int32_t nodes) {
    ClusterView view;
    for (const std::string& name : default_node_names(nodes)) {
        const auto id = static_cast<NodeId>(view.nodes.size());
        view.nodes.push_back({.name = name, .address = {}, .running = true, .leads = id == 0});
        view.clients.push_back({.name = fmt::format("c{}", id + 1), .address = {}, .node = id});
    }
    return view;
}

std::string detail_of(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? std::string() : std::string(name.substr(colon + 1));
}

Result<FaultSpec> draw_fault(Kind& kind, const ScheduleSpec& spec, const Rng& rng) {
    const Rng stream = rng.split(fmt::format("{}/{}", kind.name, kind.drawn));
    ++kind.drawn;
    const std::string_view fault_kind = fault_class(kind.name);
    const Rng resolve =
        kind.for_good ? rng.split(fmt::format("{}/for good", fault_kind)) : stream.split("resolve");
    FaultSpec fault{.nemesis = std::string(fault_kind), .seed = Rng(resolve).next()};
    FAULTLAB_DO(read_detail(detail_of(kind.name), kind.nemesis->options(), fault.nemesis, fault));
    Rng choices = stream.split("draw");
    kind.nemesis->draw(choices, spec.nodes, fault);
    return fault;
}

Result<std::vector<Kind>> kinds_of(const ScheduleSpec& spec) {
    std::vector<Kind> kinds;
    std::set<std::string> names;
    for (const std::string& name : spec.nemeses) {
        FAULTLAB_TRY(const NemesisEntry* const entry, find_nemesis(fault_class(name)));
        if (!names.insert(name).second) {
            return usage_error(fmt::format("fault '{}' is asked for twice", name));
        }
        Kind kind{.name = name, .nemesis = entry->make(), .for_good = entry->for_good};
        FAULTLAB_TRY(const FaultSpec drawn, draw_fault(kind, spec, Rng(0)));
        FAULTLAB_DO(check_spec(drawn, spec.nodes));
        kind.drawn = 0;
        kinds.push_back(std::move(kind));
    }
    return kinds;
}

Result<void> check_limits(const ScheduleSpec& spec) {
    if (spec.nodes < 1) return usage_error("a schedule of faults needs at least one node");
    if (spec.shortest_on <= 0 || spec.shortest_off < 0 || spec.first_after < 0 || spec.margin < 0) {
        return usage_error(
            "times of a schedule of faults cannot be negative, nor faults take none");
    }
    if (spec.at_once < 1 || spec.at_once > 16)
        return usage_error(fmt::format("{} faults at once", spec.at_once), "from 1 to 16");
    if (spec.longest_on < spec.shortest_on || spec.longest_off < spec.shortest_off) {
        return usage_error("the longest time of a fault or pause is below the shortest");
    }
    return {};
}

std::vector<std::string> misfits(std::span<const Kind> kinds, const ScheduleSpec& spec) {
    std::vector<std::string> warnings;
    for (const Kind& kind : kinds) {
        if (kind.drawn > 0) continue;
        const auto rounds = static_cast<Nanos>(kinds.size());
        const Nanos needed = spec.first_after + spec.margin + rounds * spec.shortest_on +
                             (rounds - 1) * spec.shortest_off;
        warnings.push_back(
            fmt::format("{} does not fit into {:.1f} s: {} kinds of fault need {:.1f} s",
                        kind.name,
                        static_cast<double>(spec.duration) / second,
                        kinds.size(),
                        static_cast<double>(needed) / second));
    }
    return warnings;
}

} // namespace

Result<void> check_spec(const FaultSpec& spec, std::int32_t nodes) {
    FAULTLAB_TRY(const NemesisEntry* const entry, find_nemesis(spec.nemesis));
    const auto resolved = entry->make()->resolve(spec, imagined_cluster(nodes));
    if (!resolved && resolved.error().kind == ErrorKind::usage) return resolved.error();
    return {};
}

std::string_view fault_class(std::string_view nemesis) {
    return nemesis.substr(0, nemesis.find(':'));
}

Result<Schedule> draw_schedule(const ScheduleSpec& spec, const Rng& rng) {
    FAULTLAB_DO(check_limits(spec));
    FAULTLAB_TRY(std::vector<Kind> kinds, kinds_of(spec));
    Schedule schedule;
    if (kinds.empty()) return schedule;
    const auto wanted = std::min(fitting(spec), 2 * static_cast<std::int64_t>(kinds.size()));
    std::vector<std::size_t> turn;
    for (const Window& window : draw_rows(spec, wanted, rng)) {
        const std::size_t place = schedule.faults.size() % kinds.size();
        if (place == 0) {
            turn.clear();
            for (std::size_t i = 0; i < kinds.size(); ++i)
                turn.push_back(i);
            Rng order = rng.split(fmt::format("order/{}", schedule.faults.size() / kinds.size()));
            order.shuffle(std::span(turn));
        }
        FAULTLAB_TRY(FaultSpec fault, draw_fault(kinds[turn[place]], spec, rng));
        fault.id = static_cast<FaultId>(schedule.faults.size() + 1);
        fault.t_start = window.start;
        fault.duration = window.duration;
        if (spec.at_once > 1 && !spec.may_lose_quorum)
            fault.params[budget_parameter] = minority_of(spec.nodes);
        schedule.faults.push_back(std::move(fault));
    }
    schedule.warnings = misfits(kinds, spec);
    return schedule;
}

} // namespace faultlab
