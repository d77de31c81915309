#include "nemesis/clocks.hpp"

#include "core/host.hpp"
#include "core/units.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/targets.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace faultlab {
namespace {

using Json = nlohmann::json;

constexpr const char* undo_name = "true_clocks";
constexpr std::int64_t million = 1'000'000;
/// A clock that must not go back is slowed down until it is true: so long its heal may take.
constexpr Nanos furthest_monotonic = 10 * second;
/// Slowing down goes at a tenth of the speed.
constexpr Nanos undo_limit = 30 * second;

/// Bits of the clocks as the kernel numbers them: CLOCK_REALTIME and its coarse form;
/// CLOCK_MONOTONIC, its raw and its coarse form, and CLOCK_BOOTTIME.
constexpr std::int64_t realtime_bits = 1 << 0 | 1 << 5;
constexpr std::int64_t monotonic_bits = 1 << 1 | 1 << 4 | 1 << 6 | 1 << 7;

std::int64_t bits_of(const ClockChoice& clocks) {
    return (clocks.realtime ? realtime_bits : 0) | (clocks.monotonic ? monotonic_bits : 0);
}

/// Of 2^32, rounded towards zero.
std::int64_t rate_of(std::int64_t ppm) {
    return ppm * (std::int64_t{1} << 32) / million;
}

/// The most that a clock is ahead at the end of the fault.
Nanos ahead_of(const SkewParts& skew, Nanos duration) {
    return skew.offset + duration / million * skew.ppm;
}

Result<void> check_monotonic(const SkewParts& skew, Nanos duration) {
    if (!skew.clocks.monotonic) return {};
    if (skew.offset < 0) {
        return usage_error("a monotonic clock cannot go back",
                           "give a positive offset, or clock=realtime");
    }
    if (skew.strobe != 0) {
        return usage_error("a monotonic clock cannot jump back and forth", "use clock=realtime");
    }
    if (ahead_of(skew, duration) > furthest_monotonic) {
        return usage_error(
            fmt::format("a monotonic clock that is more than {} ahead could not be healed in time",
                        duration_argument(furthest_monotonic)),
            "healing slows it down until it is true: give a smaller offset or rate");
    }
    return {};
}

/// What the helper of a node is told. With "=": a negative number is no option.
std::vector<std::string> helper_arguments(const SkewParts& skew) {
    std::vector<std::string> arguments = {fmt::format("--clocks={}", bits_of(skew.clocks))};
    if (skew.offset != 0) arguments.push_back(fmt::format("--offset={}", skew.offset));
    if (skew.ppm != 0) arguments.push_back(fmt::format("--rate={}", rate_of(skew.ppm)));
    if (skew.strobe != 0) {
        arguments.push_back(fmt::format("--strobe={}", skew.strobe));
        arguments.push_back(fmt::format("--period={}", skew.period));
    }
    return arguments;
}

Result<void> heal_host(Host& host, const std::string& helper) {
    // It undoes all by itself; the tool does it for one that was killed.
    const Result<void> stopped = stop_helper(host, helper);
    FAULTLAB_TRY(const std::string printed, run_node_tool(host, {"clock-undo", "--name", helper}));
    return stopped;
}

ClockMeasure measure_of(const Json& json) {
    return {.offset = json.at("offset").get<Nanos>(),
            .error = json.at("error").get<Nanos>(),
            .least = json.at("least").get<Nanos>(),
            .most = json.at("most").get<Nanos>(),
            .ppm = json.at("ppm").get<double>()};
}

/// What was measured on one node.
struct Reading {
    std::int64_t clean = 0;
    std::int64_t strange = 0;
    std::vector<ClockMeasure> realtime; ///< of the processes that are skewed
    std::vector<ClockMeasure> monotonic;
};

Result<Reading> read_clocks(Host& host, Nanos window) {
    std::vector<std::string> arguments = {"clock-read"};
    if (window != 0) arguments.push_back(fmt::format("--window={}", window));
    FAULTLAB_TRY(const std::string printed, run_node_tool(host, std::move(arguments)));
    Reading reading;
    try {
        const Json json = Json::parse(printed);
        reading.clean = json.at("clean").get<std::int64_t>();
        reading.strange = json.at("strange").get<std::int64_t>();
        for (const Json& process : json.at("skewed")) {
            reading.realtime.push_back(measure_of(process.at("realtime")));
            reading.monotonic.push_back(measure_of(process.at("monotonic")));
        }
    } catch (const Json::exception& error) {
        return lab_error(fmt::format(
            "{}: clock-read answers {}: {}", host.name(), printed.substr(0, 200), error.what()));
    }
    return reading;
}

/// The offset that is farthest from zero.
const ClockMeasure& worst(const std::vector<ClockMeasure>& measures) {
    return *std::ranges::max_element(measures, {}, [](const ClockMeasure& measure) {
        return std::max(std::abs(measure.least), std::abs(measure.most));
    });
}

using Bites = std::function<bool(const ClockMeasure&)>;

/// One clock of a node, as far as it matters for this kind of skew.
void add_clock(std::vector<Evidence>& evidence,
               const Evidence& like,
               const std::string& clock,
               const SkewParts& skew,
               const std::vector<ClockMeasure>& measures,
               const Bites& bites) {
    if (measures.empty()) return;
    const bool all = std::ranges::all_of(measures, bites);
    const ClockMeasure& shown = worst(measures);
    const auto add = [&](const char* what, std::int64_t value) {
        evidence.push_back({like.phase, like.node, clock + what, Value(value), all});
    };
    if (skew.strobe != 0) {
        add("_least_us", shown.least / 1000);
        add("_most_us", shown.most / 1000);
        return;
    }
    add("_offset_us", shown.offset / 1000);
    if (skew.ppm != 0) add("_gained_ppm", std::llround(shown.ppm));
}

} // namespace

OptionSpec clock_option() {
    return {.name = "clock",
            .fallback = "realtime",
            .choices = {"realtime", "monotonic", "both"},
            .help = "the wall clock, the one of timeouts and leases, or both"};
}

Result<ClockChoice> clock_parameter(const Params& params) {
    const std::string text = text_of(params, "clock");
    if (text == "realtime") return ClockChoice{.realtime = true};
    if (text == "monotonic") return ClockChoice{.monotonic = true};
    if (text == "both") return ClockChoice{.realtime = true, .monotonic = true};
    return refused_parameter("clock", text, "realtime, monotonic or both");
}

std::string_view clock_text(const ClockChoice& clocks) {
    if (!clocks.monotonic) return "clock";
    return clocks.realtime ? "clocks" : "monotonic clock";
}

Result<Nanos> offset_parameter(const Params& params, const std::string& name) {
    const std::string text = text_of(params, name);
    const bool negative = text.starts_with('-');
    const bool has_sign = negative || text.starts_with('+');
    const auto parsed = parse_duration(std::string_view(text).substr(has_sign ? 1 : 0));
    if (!parsed) return refused_parameter(name, text, "an offset like 2s, -250ms or +1m");
    return negative ? -*parsed : *parsed;
}

Result<std::int64_t> ppm_parameter(const Params& params, const std::string& name) {
    constexpr double most = million / 2.0;
    const std::string text = text_of(params, name);
    const std::string_view unsigned_text =
        std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
    double amount = 0;
    const auto [end, error] =
        std::from_chars(unsigned_text.data(), unsigned_text.data() + unsigned_text.size(), amount);
    const std::string_view unit(end, unsigned_text.data() + unsigned_text.size());
    const double ppm = amount * (unit == "%" ? million / 100.0 : 1);
    const bool known = unit == "%" || unit == "ppm" || unit.empty();
    // False also for what is no number.
    const bool fits = std::abs(ppm) >= 1 && std::abs(ppm) <= most;
    if (error != std::errc{} || !known || !fits || text.starts_with("+-"))
        return refused_parameter(name, text, "a rate like 500ppm or -2%, at most 50%");
    return std::llround(ppm);
}

std::string offset_text(Nanos offset) {
    return fmt::format(
        "{} {}", duration_argument(std::abs(offset)), offset < 0 ? "behind" : "ahead");
}

Result<Fault> resolve_clocks(const FaultSpec& spec,
                             const ClusterView& view,
                             const SkewParts& skew,
                             std::string_view what) {
    FAULTLAB_DO(check_monotonic(skew, spec.duration));
    FAULTLAB_TRY(Fault fault, resolve_processes(spec, view, "given wrong clocks", undo_name));
    fault.summary = fmt::format("{}: {} ({})", names_text(fault.targets, view), what, spec.target);
    fault.params["realtime"] = skew.clocks.realtime;
    fault.params["monotonic"] = skew.clocks.monotonic;
    if (skew.offset != 0) fault.params["offset_ns"] = skew.offset;
    if (skew.ppm != 0) fault.params["rate_ppm"] = skew.ppm;
    if (skew.strobe != 0) {
        fault.params["strobe_ns"] = skew.strobe;
        fault.params["period_ns"] = skew.period;
    }
    return fault;
}

SkewParts skew_of(const Fault& fault) {
    const auto is_set = [&](const char* name) {
        const auto found = fault.params.find(name);
        return found != fault.params.end() && found->second == Value(true);
    };
    return {.clocks = {.realtime = is_set("realtime"), .monotonic = is_set("monotonic")},
            .offset = integer_of(fault.params, "offset_ns"),
            .ppm = integer_of(fault.params, "rate_ppm"),
            .strobe = integer_of(fault.params, "strobe_ns"),
            .period = integer_of(fault.params, "period_ns")};
}

FaultSpec ClockNemesis::exact(const Fault& fault, const FaultSpec& spec) const {
    return exact_processes(fault, spec);
}

Result<void> ClockNemesis::inject(const Fault& fault, FaultTarget& target) const {
    const HelperSpec helper{.tool = "clock", .arguments = helper_arguments(skew_of(fault))};
    for (const NodeId node : fault.targets)
        FAULTLAB_DO(start_helper(target.node_host(node), helper_name(fault.id), helper));
    return {};
}

Result<void> ClockNemesis::heal(const Fault& fault, FaultTarget& target) const {
    if (skew_of(fault).clocks.monotonic) {
        // To slow clocks down takes time: all at once. What a dead helper left has to wait.
        for (const NodeId node : stored_nodes(fault, undo_name)) {
            [[maybe_unused]] const auto answer =
                ask_helper(target.node_host(node), helper_name(fault.id), "slow");
        }
    }
    return on_all(stored_nodes(fault, undo_name), [&](NodeId node) {
        return heal_host(target.node_host(node), helper_name(fault.id));
    });
}

std::vector<Evidence> probe_clocks(const Fault& fault,
                                   FaultTarget& target,
                                   EvidencePhase phase,
                                   Nanos window,
                                   const Bites& bites) {
    const bool during = phase == EvidencePhase::during;
    const SkewParts skew = skew_of(fault);
    std::vector<Evidence> evidence;
    for (const NodeId node : fault.targets) {
        const Evidence like{.phase = phase, .node = node};
        const auto reading = read_clocks(target.node_host(node), during ? window : 0);
        if (!reading) {
            evidence.push_back({phase, node, "probe_failed", reading.error().text(), false});
            continue;
        }
        const auto skewed = static_cast<std::int64_t>(reading->realtime.size());
        const bool gone = phase == EvidencePhase::after && skewed == 0 && reading->strange == 0;
        evidence.push_back({phase, node, "processes_with_wrong_clocks", Value(skewed), gone});
        if (!during) continue;
        if (reading->strange != 0) {
            evidence.push_back(
                {phase, node, "processes_with_strange_clocks", Value(reading->strange), false});
        }
        if (skew.clocks.realtime)
            add_clock(evidence, like, "wall_clock", skew, reading->realtime, bites);
        if (skew.clocks.monotonic)
            add_clock(evidence, like, "monotonic_clock", skew, reading->monotonic, bites);
    }
    return evidence;
}

} // namespace faultlab
