#pragma once

#include "checker/object_model.hpp"
#include "core/checker.hpp"
#include "core/record.hpp"

namespace faultlab {

/// The checker linearizability with an object model. Findings as in checker/linearizability.cpp;
/// their details: model, class, rule, reduced, observer (the operation that saw what it cannot have
/// seen), other (the operation that shows it), and the facts of the class.
[[nodiscard]] CheckResult
check_objects(const Record& record, const ObjectModel& model, const Budget& budget);

} // namespace faultlab
