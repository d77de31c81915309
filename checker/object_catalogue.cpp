#include "checker/object_catalogue.hpp"

#include <algorithm>
#include <array>

namespace faultlab {

std::span<const ObjectModel* const> object_models() {
    static const std::array<const ObjectModel*, 6> models = {
        &counter_model(),
        &set_model(),
        &queue_model(),
        &stack_model(),
        &mutex_model(),
        &multi_register_model(),
    };
    return models;
}

const ObjectModel* find_object_model(std::string_view name) {
    const auto models = object_models();
    const auto found = std::ranges::find(models, name, &ObjectModel::name);
    return found == models.end() ? nullptr : *found;
}

} // namespace faultlab
