#pragma once

#include "core/op.hpp"
#include "core/rng.hpp"

#include <cstdint>
#include <vector>

namespace faultlab {

/// The reference for the model kv: tries every order of the operations, with every choice of the
/// indeterminate ones, on plain values. It shares no code with the checker. For at most about ten
/// operations.
bool brute_force_kv(const std::vector<Op>& ops);

struct RandomKvOptions {
    std::int64_t max_ops = 8;
    std::int64_t processes = 3;
    std::int64_t keys = 3;
    std::int64_t namespaces = 1; ///< each with its own keys; an operation is in one of them
    std::int64_t values = 3;     ///< 0 .. values-1, now and then absent or a text
    std::uint64_t info_percent = 25;
    std::uint64_t fail_percent = 5;
    std::uint64_t joined_percent = 35; ///< of a hundred operations, scans and transactions
    /// Of a hundred transactions, how many do their first write before the rest: they are not
    /// atomic.
    std::uint64_t torn_percent = 0;
    bool unique_values = false; ///< every value is written once
    /// How many of a hundred histories get up to three results that nobody computed.
    std::uint64_t corrupt_percent = 70;
};

/// A random history: operations overlap at random, take effect at random moments of a real map
/// (indeterminate ones perhaps never), and some histories are then corrupted.
std::vector<Op> random_kv_operations(Rng& rng, const RandomKvOptions& options);

} // namespace faultlab
