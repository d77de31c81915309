// Effect     The clocks of some replicas go too fast or too slow.
// Mechanism  As clock-bump: the code in the processes adds a share of the time since it was put
//            there.
// Undo       As clock-bump: the wall clock jumps back to the true time; a monotonic clock that is
//            ahead is slowed down until it is true.
// Needs      Leave to trace the processes, on x86-64: "vdso".
#include "nemesis/catalogue.hpp"
#include "nemesis/clocks.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace faultlab {
namespace {

std::string rate_text(std::int64_t ppm) {
    const char* const way = ppm < 0 ? "slow" : "fast";
    const std::int64_t amount = std::abs(ppm);
    if (amount < 10'000) return fmt::format("{} ppm {}", amount, way);
    return fmt::format("{:g} % {}", static_cast<double>(amount) / 10'000, way);
}

class ClockDrift final : public ClockNemesis {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        return {{.name = "rate",
                 .help = "what they gain, like 500ppm or -2%, at most 50%; drawn from ±128ppm to "
                         "±13%"},
                clock_option()};
    }

    void draw(Rng& rng, std::int32_t nodes, FaultSpec& spec) const override {
        draw_process_target(rng, nodes, spec);
        if (!text_of(spec.params, "rate").empty()) return;
        const char* const sign = rng.chance(1, 2) ? "-" : "";
        spec.params["rate"] = fmt::format("{}{}ppm", sign, 1 << rng.between(7, 17));
    }

    [[nodiscard]] Result<Fault> resolve(const FaultSpec& spec,
                                        const ClusterView& view) const override {
        SkewParts skew;
        FAULTLAB_TRY(skew.clocks, clock_parameter(spec.params));
        FAULTLAB_TRY(skew.ppm, ppm_parameter(spec.params, "rate"));
        return resolve_clocks(
            spec, view, skew, fmt::format("{} {}", clock_text(skew.clocks), rate_text(skew.ppm)));
    }

    std::vector<Evidence>
    probe(const Fault& fault, FaultTarget& target, EvidencePhase phase) const override {
        constexpr Nanos window = 200 * millisecond;
        const auto ppm = static_cast<double>(skew_of(fault).ppm);
        return probe_clocks(fault, target, phase, window, [ppm](const ClockMeasure& seen) {
            // Two readings a fifth of a second apart are right to a few parts in a million.
            return std::abs(seen.ppm - ppm) <= std::max(20.0, std::abs(ppm) / 100);
        });
    }
};

} // namespace

std::unique_ptr<Nemesis> make_clock_drift() {
    return std::make_unique<ClockDrift>();
}

} // namespace faultlab
