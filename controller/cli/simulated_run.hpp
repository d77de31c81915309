#pragma once

#include "controller/cli/commands.hpp"
#include "controller/cli/runs.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

namespace faultlab {

/// Stores the record of a simulation as a run of the lab, judged, so that every command for runs
/// understands it.
Result<RunDirectory>
store_simulated_run(const Common& common, const CheckLimits& limits, const Record& record);

} // namespace faultlab
