#pragma once

#include "core/fault.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// Limits below which a pass is not earned: the evidence floor.
struct EvidenceFloor {
    std::int64_t ok_ops = 100;
    std::int64_t ok_ops_each_f = 10;
    std::int64_t ok_percent = 5;
    std::int64_t final_read_percent = 90;
    bool every_fault_effective = true;
    friend bool operator==(const EvidenceFloor&, const EvidenceFloor&) = default;
};

/// Everything that is decided before anything is touched: a pure function of what the user asked
/// for and the seed. Stored and printed first; two plans are the same run if their texts are equal.
struct Plan {
    std::uint64_t seed = 0;
    std::string system;
    std::string workload;
    Options options; ///< of system and workload, completed with their fallbacks
    std::vector<std::string>
        nemeses; ///< what was asked for; `faults` is the schedule drawn from it

    std::int32_t nodes = 3;
    std::int32_t workers_per_node = 4;
    std::int64_t rate = 1000; ///< operations a second over all workers, open loop; 0: closed loop
    Nanos duration = 30 * second;
    Nanos op_timeout = 5 * second;
    Nanos recovery_limit = 30 * second; ///< after the heal, to become ready
    Nanos settle = 2 * second;          ///< then, before the final reads
    EvidenceFloor floor;

    /// Seed of each worker's operation stream, by worker.
    std::vector<std::uint64_t> stream_seeds;
    std::vector<FaultSpec> faults; ///< by t_start

    [[nodiscard]] std::int32_t workers() const { return nodes * workers_per_node; }
    friend bool operator==(const Plan&, const Plan&) = default;
};

/// Canonical text: indented JSON with a fixed order of members. Equal plans give equal bytes.
[[nodiscard]] std::string to_json(const Plan& plan);
Result<Plan> plan_from_json(std::string_view json);

} // namespace faultlab
