#pragma once

#include "core/fault.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What packet faults (delay, loss, duplicate, reorder, corrupt, rate, packets) do to a link: their
/// parameters, and these as arguments of the programs that do it. All of it is pure.
namespace faultlab {

/// Shares and correlations are in millionths; what is 0 or empty does not happen.
struct PacketEffects {
    Nanos delay = 0;
    Nanos jitter = 0;
    std::string distribution = "normal"; ///< of the delay: uniform, normal or pareto
    std::int64_t delay_correlation = 0;
    bool keeps_order = true;

    std::int64_t loss = 0;
    std::int64_t loss_correlation = 0;
    std::int64_t burst_start = 0;
    std::int64_t burst_stop = 0;
    std::int64_t burst_loss = 0;

    std::int64_t duplicate = 0;
    std::int64_t duplicate_correlation = 0;

    std::int64_t reorder = 0;
    std::int64_t reorder_correlation = 0;
    Nanos reorder_by = 0;

    std::int64_t corrupt = 0;
    std::int64_t corrupt_correlation = 0;
    bool mends_checksums = false;

    std::int64_t rate = 0; ///< bits a second
    Nanos queue = 0;

    [[nodiscard]] bool loses() const { return loss > 0 || burst_start > 0; }
    [[nodiscard]] bool any() const {
        return delay > 0 || jitter > 0 || loses() || duplicate > 0 || reorder > 0 || corrupt > 0 ||
               rate > 0;
    }
};

/// The parameters of one of these faults: those of its own effect without the effect's name before
/// them ("correlation" of delay), of "packets" all, with it ("delay-correlation"); and those that
/// say which packets.
[[nodiscard]] std::vector<OptionSpec> packet_options(std::string_view fault);

/// Gives the parameters that are missing or empty a value. Of "packets", a few effects are drawn
/// unless the user asked for some.
void draw_packet_effects(std::string_view fault, std::int32_t nodes, Rng& rng, Params& params);

/// Reads the parameters. Nothing at all that happens is a usage error, as is what cannot be.
Result<PacketEffects> packet_effects(std::string_view fault, const Params& params);

/// "50 ms ± 5 ms later, 20 % lost".
[[nodiscard]] std::string effects_text(const PacketEffects& effects);

/// For `faultlab-node shape`.
[[nodiscard]] std::vector<std::string> shape_arguments(const PacketEffects& effects);

/// For `tc qdisc add … netem`. What netem does not have is an environment error that names it.
Result<std::string> netem_arguments(const PacketEffects& effects);

} // namespace faultlab
