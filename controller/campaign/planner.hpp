#pragma once

#include "core/plan.hpp"
#include "core/result.hpp"
#include "core/system.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// What a user asks for, before anything is drawn or checked. The defaults stand beside each.
struct RunRequest {
    std::string system = "vsr";
    std::string workload = "register";
    /// As for draw_schedule, and packages (nemesis/packages.hpp).
    std::vector<std::string> nemeses = {"partition", "kill", "pause"};
    std::int32_t faults_at_once = 1;
    bool allow_quorum_loss = false; ///< by faults that overlap
    std::uint64_t seed = 0;
    Options options; ///< of system and workload together
    Options floor;   ///< of the evidence floor, by the names of its fields
    std::int32_t nodes = 3;
    std::int32_t workers_per_node = 4;
    std::int64_t rate = 1000;
    Nanos duration = 30 * second;
    Nanos op_timeout = 5 * second;
};

/// A plan, and what the user should know about it.
struct Planned {
    Plan plan;
    std::vector<std::string> warnings;
};

/// Draws the plan: a pure function of the request. A name that does not exist, an option that no
/// one has, or a system that cannot do what the workload needs is a usage error with the nearest
/// valid names.
Result<Planned> make_plan(const RunRequest& request);

/// Whether the system runs on so many nodes, and the lab drives so many workers at such a rate.
Result<void> check_sizes(const RunRequest& request, const System& system);

} // namespace faultlab
