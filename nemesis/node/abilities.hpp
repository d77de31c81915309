#pragma once

#include <span>
#include <string>
#include <string_view>

/// What a host can do, found out by trying it where nothing is at stake.
namespace faultlab::node {

struct Ability {
    std::string_view name; ///< what a nemesis `needs`
    std::string_view what; ///< for people
    /// Empty: it can. Else why not, and what would change it.
    std::string (*missing)();
};

[[nodiscard]] std::span<const Ability> abilities();

[[nodiscard]] std::string missing_vdso();

} // namespace faultlab::node
