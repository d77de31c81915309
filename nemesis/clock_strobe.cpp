// Effect     The wall clock of some replicas jumps to another time and back, again and again.
// Mechanism  As clock-bump: the code in the processes decides by the time in which period it is,
//            so that all processes of a host jump at once, as often as a thousand times a second.
// Undo       As clock-bump.
// Needs      Leave to trace the processes, on x86-64: "vdso".
#include "core/units.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/clocks.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace faultlab {
namespace {

/// A power of two of milliseconds.
Nanos drawn_power(Rng& rng, std::int64_t least, std::int64_t most) {
    return (std::int64_t{1} << rng.between(least, most)) * millisecond;
}

class ClockStrobe final : public ClockNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "delta",
                 .help = "how far it jumps, like 200ms or -5s; drawn from ±4ms to ±262s"},
                {.name = "period",
                 .help = "from one jump to the next, at least 1ms; drawn from 1ms to 1s"}};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
        const bool negative = rng.chance(1, 2);
        const Nanos delta = drawn_power(rng, 2, 18);
        const Nanos period = drawn_power(rng, 0, 10);
        if (text_of(spec.params, "delta").empty())
            spec.params["delta"] = (negative ? "-" : "") + duration_argument(delta);
        if (text_of(spec.params, "period").empty())
            spec.params["period"] = duration_argument(period);
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        SkewParts skew{.clocks = {.realtime = true}};
        FAULTLAB_TRY(skew.strobe, offset_parameter(spec.params, "delta"));
        FAULTLAB_TRY(skew.period, duration_parameter(spec.params, "period"));
        if (skew.period < millisecond) return usage_error("period must be at least 1ms");
        return resolve_clocks(spec,
                              view,
                              skew,
                              fmt::format("clock {} and back every {}",
                                          offset_text(skew.strobe),
                                          duration_argument(skew.period)));
    }

    /// Both times must be seen, and nothing beyond them.
    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        constexpr Nanos longest = 3 * second;
        const SkewParts skew = skew_of(fault);
        const Nanos window = std::min(longest, 2 * skew.period + 5 * millisecond);
        return probe_clocks(fault, target, phase, window, [&skew](const ClockMeasure& seen) {
            const Nanos tolerance = std::abs(skew.strobe) / 20;
            const Nanos least = std::min<Nanos>(0, skew.strobe);
            const Nanos most = std::max<Nanos>(0, skew.strobe);
            return std::abs(seen.least - least) <= tolerance &&
                   std::abs(seen.most - most) <= tolerance;
        });
    }
};

} // namespace

std::unique_ptr<Nemesis> make_clock_strobe() {
    return std::make_unique<ClockStrobe>();
}

} // namespace faultlab
