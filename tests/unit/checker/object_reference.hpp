#pragma once

#include "core/op.hpp"
#include "core/rng.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace faultlab {

/// The reference for the object models: tries every order of the operations of one object, with
/// every choice of the indeterminate ones, on plain values. It shares no code with the checker. For
/// at most about ten operations.
bool brute_force_object(const std::vector<Op>& ops, std::string_view model);

struct RandomObjectOptions {
    std::string_view model;
    std::int64_t max_ops = 8;
    std::int64_t processes = 3;
    std::int64_t values = 3;
    std::uint64_t info_percent = 0;
    std::uint64_t fail_percent = 5;
    bool unique_values = false; ///< of what is added, enqueued, pushed or written
    /// Reads of the whole set and no removals, instead of questions about single elements; both
    /// when `mixed`.
    bool whole = false;
    bool mixed = false;
    bool owners = false;   ///< a lock is taken in the name of the process; of others too if `mixed`
    bool negative = false; ///< a counter is also made smaller
    /// How many of a hundred histories get up to three results that nobody computed, or operations
    /// that changed places.
    std::uint64_t corrupt_percent = 80;
};

/// A random history of one object: operations overlap at random, take effect at random moments of a
/// real one (indeterminate ones perhaps never), and some histories are then corrupted.
std::vector<Op> random_object_operations(Rng& rng, const RandomObjectOptions& options);

} // namespace faultlab
