#pragma once

#include "core/fault.hpp"
#include "core/nemesis.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the faults of clocks have in common: `faultlab-node clock` on the host of each replica that
/// is hit, and what it measures.
namespace faultlab {

/// Which clocks of a process: "realtime" (the wall clock), "monotonic" (timeouts, leases), "both".
struct ClockChoice {
    bool realtime = false;
    bool monotonic = false;
};
Result<ClockChoice> clock_parameter(const Params& params);
[[nodiscard]] OptionSpec clock_option();
/// "clock", "monotonic clock" or "clocks".
[[nodiscard]] std::string_view clock_text(const ClockChoice& clocks);

/// "90s", "-250ms", "+2s": other than zero, at most a week. Pure, as all that reads parameters.
Result<Nanos> offset_parameter(const Params& params, const std::string& name);
/// "500ppm", "-2%": what a clock gains; other than zero, at most half of its speed; in ppm.
Result<std::int64_t> ppm_parameter(const Params& params, const std::string& name);
/// "2.5s ahead", "30ms behind".
[[nodiscard]] std::string offset_text(Nanos offset);

/// How wrong a clock is to be; see ClockSkew of nemesis/node/clock_stub.hpp.
struct SkewParts {
    ClockChoice clocks;
    Nanos offset = 0;
    std::int64_t ppm = 0;
    Nanos strobe = 0;
    Nanos period = 0;
};

/// The fault with its nodes, and the skew as parameters; a skew that its clocks cannot have is a
/// usage error. `what` makes the summary, "n1 n3: clock 2.5s ahead". Pure.
Result<Fault> resolve_clocks(const FaultSpec& spec,
                             const ClusterView& view,
                             const SkewParts& skew,
                             std::string_view what);
/// The skew of a fault that resolve_clocks made. Pure.
[[nodiscard]] SkewParts skew_of(const Fault& fault);

/// One clock of one process, as measured: in ns.
struct ClockMeasure {
    Nanos offset = 0; ///< at the end
    Nanos error = 0;
    Nanos least = 0;
    Nanos most = 0;
    double ppm = 0; ///< gained over the measurement
};

/// Measures the clocks of all processes on the nodes over the time `window`. Each that is skewed
/// must be as `bites` wants it, in every clock that was chosen.
std::vector<Evidence> probe_clocks(const Fault& fault,
                                   FaultTarget& target,
                                   EvidencePhase phase,
                                   Nanos window,
                                   const std::function<bool(const ClockMeasure&)>& bites);

/// A fault of clocks: what all of them have.
class ClockNemesis : public Nemesis {
public:
    [[nodiscard]] std::vector<std::string> needs() const override { return {"process", "vdso"}; }
    [[nodiscard]] FaultSpec exact(const Fault& fault, const FaultSpec& spec) const override;
    /// On the first node where it cannot, it ends with the error: heal undoes the others.
    Result<void> inject(const Fault& fault, FaultTarget& target) const override;
    Result<void> heal(const Fault& fault, FaultTarget& target) const override;
};

} // namespace faultlab
