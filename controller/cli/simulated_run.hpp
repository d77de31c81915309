#pragma once

#include "controller/cli/commands.hpp"
#include "controller/cli/runs.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "simulator/simbugs.hpp"

namespace faultlab {

/// Writes the record of a simulation to a new run.db and reads it back: what it finds there is held
/// against the record (audit store-order).
Result<void> write_simulated_run(const RunDirectory& run,
                                 const Record& record,
                                 simulator::SimBug simbug,
                                 simulator::Audits& audits);

/// Keeps the record of a simulation as a run of the lab, so that every command for runs understands
/// it. An error of the lab when it is read back as something else. It is not judged yet.
Result<RunDirectory> keep_simulated_run(const Common& common, const Record& record);

/// Keeps it, judged.
Result<RunDirectory>
store_simulated_run(const Common& common, const CheckLimits& limits, const Record& record);

} // namespace faultlab
