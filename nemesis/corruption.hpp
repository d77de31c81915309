#pragma once

#include "core/fault.hpp"
#include "core/host.hpp"
#include "core/nemesis.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The fault corrupt-file: its parameters, what it asks of `faultlab-node corrupt`, and what it
/// makes of the answers. All but the probe is pure.
namespace faultlab {

struct Corruption {
    std::string how;        ///< "bitflip", "copy", "truncate" or "restore"
    bool stopped = false;   ///< while the replica is killed for it
    std::string files;      ///< patterns below the data directory, joined by '+'
    std::int64_t start = 0; ///< first byte that may be hit
    std::int64_t end = 0;   ///< the byte after the last; 0: the end of the file
    std::int64_t chunk = 0; ///< bytes
    bool disjoint = false;  ///< each node another stripe, so that none loses what another lost
    std::int64_t modulus = 1;
    std::int64_t index = 0;
    std::int64_t flips = 1;
    std::int64_t share = -1; ///< millionths, of a bit or a chunk; -1: flips, and all chunks
    std::int64_t drop = 0;   ///< bytes
    Nanos after = 0;         ///< from taking to putting back
};

[[nodiscard]] std::vector<OptionSpec> corruption_options();
/// Target and parameters that were left open. Never more than a minority.
void draw_corruption(Rng& rng, std::int32_t nodes, FaultSpec& spec);
Result<Corruption> corruption_parameter(const Params& params);
/// "had a bit of replica/snapshot flipped while stopped; it stays so".
[[nodiscard]] std::string summary_of(const Corruption& corruption);
/// All that inject and the probes need. Requires: the fault's targets are known.
void store_corruption(const Corruption& corruption, std::uint64_t seed, Fault& fault);

/// The arguments of faultlab-node for the i-th target; `what` is change, take, restore or look.
[[nodiscard]] std::vector<std::string>
corrupt_arguments(const Fault& fault, std::size_t i, const std::string& what, const Host& host);

/// Of the i-th target. During: that bytes were changed, and which. After: whether the replica runs,
/// and what became of the damage.
std::vector<Evidence>
probe_corruption(const Fault& fault, std::size_t i, FaultTarget& target, EvidencePhase phase);

} // namespace faultlab
