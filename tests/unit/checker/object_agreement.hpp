#pragma once

#include "checker/object_catalogue.hpp"
#include "checker/object_explanation.hpp"
#include "tests/unit/checker/object_reference.hpp"
#include "tests/unit/checker/random_history.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// What comparing an object model with brute force came to.
struct ObjectAgreement {
    int valid = 0;
    int invalid = 0;
    int disagreements = 0; ///< verdicts, witnesses that do not play, certificates that do not hold
    int by_search = 0;     ///< parts that the general search decided
    std::string first;     ///< the first of them, for people
};

/// The kinds of random histories of a model: every share of indeterminate operations, unique and
/// repeated values.
[[nodiscard]] std::vector<RandomObjectOptions> object_histories(std::string_view model);

/// Judges `histories` random histories of each kind.
[[nodiscard]] ObjectAgreement
compare_object(std::string_view model, int histories, std::uint64_t seed);

[[nodiscard]] std::string print_ops(const std::vector<Op>& ops);

} // namespace faultlab
