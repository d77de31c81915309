#pragma once

#include "core/history.hpp"
#include "core/op.hpp"
#include "core/rng.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

struct RandomHistoryOptions {
    std::string_view model = "cas-register";
    std::int64_t max_ops = 8;
    std::int64_t processes = 3;
    std::int64_t values = 3; ///< 0 .. values-1, and now and then absent
    /// Every update writes a value of its own; what is compared with and what results are corrupted
    /// to are values written before. `values` does not count.
    bool unique = false;
    /// A cas that compared false reports a failure that says nothing.
    bool weak_cas = false;
    std::uint64_t info_percent = 25;
    std::uint64_t fail_percent = 5;
    /// How many of a hundred histories get up to five results that nobody computed.
    std::uint64_t corrupt_percent = 80;
    /// How many of a hundred updates of a register with versions are not told theirs.
    std::uint64_t untold_percent = 25;
};

/// A random history of one key: operations overlap at random, take effect at random moments of a
/// real register (indeterminate ones perhaps never), and some histories are then corrupted.
std::vector<Op> random_operations(Rng& rng, const RandomHistoryOptions& options);

/// The operations for people, one a line, each after a line break.
std::string describe(const std::vector<Op>& ops);

/// The same operations as a History.
History to_history(const std::vector<Op>& ops);

} // namespace faultlab
