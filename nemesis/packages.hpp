#pragma once

#include "core/result.hpp"
#include "core/rng.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Several faults by one name: `-f network` is all faults of that family, `-f chaos` a draw. Pure.
namespace faultlab {

struct Package {
    std::string_view name;
    std::string_view summary;
};

/// Each family of the catalogue, and chaos, which is last.
[[nodiscard]] std::vector<Package> fault_packages();
/// Whether there is one of this name.
[[nodiscard]] bool is_package(std::string_view name);
/// The faults that it stands for, or of which it draws some. Requires: is_package.
[[nodiscard]] std::vector<std::string> package_members(std::string_view name);

/// The names that a user gave, in their order, with each package replaced by its members. Chaos
/// becomes a non-empty subset of all faults that are not there already, each with parameters that
/// are drawn around those of `describe`; the seed of `rng` decides. A name that is neither, a
/// package with a detail, and a fault that is there twice are usage errors.
Result<std::vector<std::string>>
expand_packages(std::span<const std::string> names, std::int32_t nodes, const Rng& rng);

} // namespace faultlab
