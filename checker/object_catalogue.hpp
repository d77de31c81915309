#pragma once

#include "checker/object_model.hpp"

#include <span>
#include <string_view>

namespace faultlab {

/// All object models, in the order in which people see them. They live as long as the program.
[[nodiscard]] std::span<const ObjectModel* const> object_models();
/// Null when there is none of this name.
[[nodiscard]] const ObjectModel* find_object_model(std::string_view name);

// One function a model, each in the file of its model.
[[nodiscard]] const ObjectModel& counter_model();
[[nodiscard]] const ObjectModel& set_model();
[[nodiscard]] const ObjectModel& queue_model();
[[nodiscard]] const ObjectModel& stack_model();
[[nodiscard]] const ObjectModel& mutex_model();
[[nodiscard]] const ObjectModel& multi_register_model();

} // namespace faultlab
