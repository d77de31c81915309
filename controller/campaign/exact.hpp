#pragma once

#include "core/plan.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

namespace faultlab {

/// The plan of a stored run with the faults as they were injected: the same targets and times,
/// whoever leads this time. A fault that was never injected stays out.
Result<Plan> exact_plan(const Record& record);

/// A stored or edited plan, completed with options that are newer than it; or a usage error that
/// says which system, workload, fault, option, size or time of it this lab cannot have.
Result<Plan> fitting_plan(Plan plan);

} // namespace faultlab
