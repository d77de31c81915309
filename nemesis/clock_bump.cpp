// Effect     The clocks of some replicas jump by an offset, and back when it is healed, as after a
//            step of NTP or an operator's mistake.
// Mechanism  `faultlab-node clock` on the host: the processes of the replica get other code for
//            clock_gettime, gettimeofday and time in their vDSO; the machine's clock stays.
// Undo       The helper is told to stop, then what a dead one left is searched for: the nodes are
//            stored. A monotonic clock does not jump back: it is slowed down until it is true.
// Needs      Leave to trace the processes, on x86-64: "vdso".
#include "core/units.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/clocks.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace faultlab {
namespace {

/// 1.5 to the power of `exponent`. Requires: at most 30.
Nanos half_as_much_again(std::int64_t exponent) {
    std::int64_t amount = microsecond;
    for (std::int64_t i = 0; i < exponent; ++i)
        amount = amount * 3 / 2;
    return amount * (millisecond / microsecond);
}

/// From about 11 ms to about 5 minutes, every order of magnitude as likely as the others; not so
/// far for a clock that is healed by being slowed down.
Nanos drawn_offset(Rng& rng, bool monotonic) {
    constexpr std::int64_t least = 6;
    const std::int64_t exponent = rng.between(least, monotonic ? 20 : 30);
    const Nanos offset =
        rng.between(half_as_much_again(exponent), half_as_much_again(exponent + 1)) / millisecond *
        millisecond;
    return !monotonic && rng.chance(1, 2) ? -offset : offset;
}

class ClockBump final : public ClockNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "offset",
                 .help = "how far they jump, like 2s or -250ms; drawn from ±11ms to ±5m (of a "
                         "monotonic clock: up to 5s ahead)"},
                clock_option()};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
        if (!text_of(spec.params, "offset").empty()) return;
        const Nanos offset = drawn_offset(rng, text_of(spec.params, "clock") != "realtime");
        spec.params["offset"] =
            fmt::format("{}{}", offset < 0 ? "-" : "", duration_argument(std::abs(offset)));
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        SkewParts skew;
        FAULTLAB_TRY(skew.clocks, clock_parameter(spec.params));
        FAULTLAB_TRY(skew.offset, offset_parameter(spec.params, "offset"));
        return resolve_clocks(
            spec,
            view,
            skew,
            fmt::format("{} {}", clock_text(skew.clocks), offset_text(skew.offset)));
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        const Nanos offset = skew_of(fault).offset;
        return probe_clocks(fault, target, phase, 0, [offset](const ClockMeasure& seen) {
            return std::abs(seen.offset - offset) <= seen.error + microsecond;
        });
    }
};

} // namespace

std::unique_ptr<Nemesis> make_clock_bump() {
    return std::make_unique<ClockBump>();
}

} // namespace faultlab
