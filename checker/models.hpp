#pragma once

#include "core/history.hpp"
#include "core/result.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// One model of a checker's option `model`: what operations it has, for telling which models a
/// history can be judged by.
struct ModelEntry {
    std::string_view name;
    std::string_view checker; ///< in checker/catalogue.hpp
    std::vector<std::string_view> operations;
    /// A model that judges all histories alike that it knows all operations of: the smaller one
    /// says everything. Empty: none.
    std::string_view extends = {};
    /// Whether the values have the form of this model, as far as its operations leave that open.
    /// Null: they say nothing.
    std::function<bool(const History& history)> fits = nullptr;
};

/// All models, the smaller before those that extend them.
[[nodiscard]] std::span<const ModelEntry> model_catalogue();

/// A name that is not in the catalogue is a usage error that names the nearest ones.
Result<const ModelEntry*> find_model(std::string_view name);

/// The models by which the history can be judged, without those that extend another of them: with
/// one of them there is nothing to choose.
[[nodiscard]] std::vector<const ModelEntry*> models_for(const History& history);

/// The same by their operations alone, whatever form their values have.
[[nodiscard]] std::vector<const ModelEntry*> models_by_operations(const History& history);

/// Whether transactions append to lists: to what a map has no appends for, or read such a list. No
/// model here judges that.
[[nodiscard]] bool appends_to_lists(const History& history);

/// The f of the history's operations, in order of first use.
[[nodiscard]] std::vector<std::string> operations_of(const History& history);

} // namespace faultlab
