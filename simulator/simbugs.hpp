#pragma once

#include "core/result.hpp"
#include "core/rng.hpp"
#include "simulator/audits.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// Mistakes that can be planted in the simulator itself, never in the store: each must be caught by
/// an audit, so that a green batch means something. HB1 to HB5 are those that harnesses of others
/// have had, SB1 and on are canaries. simbugs.cpp has the one table about them.
enum class SimBug : std::uint8_t {
    None,
    // clang-format off
    HB1, HB2, HB3, HB4, HB5,
    SB1, SB2, SB3, SB4, SB5, SB6, SB7, SB8, SB9, SB10, SB11, SB12, SB13,
    // clang-format on
};
constexpr std::size_t simbug_count = static_cast<std::size_t>(SimBug::SB13);

struct SimBugEntry {
    SimBug bug;
    std::string_view id;        ///< "SB1", as users write it
    std::string_view mechanism; ///< "leaky_partition"
    std::string_view summary;   ///< what the simulator then does wrong
    Audit caught_by;
    std::string_view scenario; ///< in which it has occasion to
};
/// All of them but None, in order.
[[nodiscard]] std::span<const SimBugEntry, simbug_count> simbugs();
/// Requires: not None.
[[nodiscard]] const SimBugEntry& entry(SimBug bug);
/// By id. One that there is not is a usage error that names the nearest.
Result<const SimBugEntry*> find_simbug(std::string_view id);

/// The mistake that is planted in one simulation, if any. Draws from a stream of its own, so that a
/// simulation without one is as if there were none. Owned by one thread.
class Planted {
public:
    Planted() = default;
    /// `outside` gives what no seed decides; only mistakes that use it ask for it.
    Planted(SimBug bug, Rng rng, std::function<std::uint64_t()> outside)
        : bug_(bug), rng_(std::move(rng)), outside_(std::move(outside)) {}

    [[nodiscard]] bool on(SimBug bug) const { return bug_ == bug; }
    /// Whether it is this one, and is made now, as it is so many of a thousand times.
    bool fires(SimBug bug, std::uint32_t permille = 1000) {
        if (!on(bug)) [[likely]]
            return false;
        if (permille < 1000 && !rng_.chance(permille, 1000)) return false;
        ++fired_;
        return true;
    }
    /// Something that no seed decides.
    [[nodiscard]] std::uint64_t outside() const { return outside_ ? outside_() : 0; }
    /// How often it was made.
    [[nodiscard]] std::uint64_t fired() const { return fired_; }

private:
    SimBug bug_ = SimBug::None;
    Rng rng_{0};
    std::function<std::uint64_t()> outside_;
    std::uint64_t fired_ = 0;
};

} // namespace faultlab::simulator
