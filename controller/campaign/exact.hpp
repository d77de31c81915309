#pragma once

#include "core/plan.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

namespace faultlab {

/// The plan of a stored run with the faults as they were injected: the same targets and times,
/// whoever leads this time. A fault that was never injected stays out.
Result<Plan> exact_plan(const Record& record);

/// Whether this lab has the system, workload and faults that a stored plan names, and the plan's
/// parts fit together. A usage error says what does not.
Result<void> check_names(const Plan& plan);

} // namespace faultlab
