#pragma once

#include "nemesis/node/clock_patch.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The clocks of all processes of this host together.
namespace faultlab::node {

/// A number for the name of a helper: what it patched is known by it, also when it is dead.
[[nodiscard]] std::uint64_t owner_number(std::string_view name);

/// Skews every process that is not yet, of this owner. Returns what went wrong, once a process.
[[nodiscard]] std::vector<std::string>
skew_processes(const ClockPatcher& patcher, std::uint64_t owner, const ClockSkew& skew);

/// Clocks of this owner that must not go back are slowed down from now on, where they are ahead;
/// what is not of that kind is true at once. Returns when they will be true, on CLOCK_MONOTONIC.
std::int64_t slow_processes(const ClockPatcher& patcher, std::uint64_t owner);

/// Gives every process that this owner skewed its true clocks again, and those that they forked
/// meanwhile; clocks that must not go back are slowed down first, which takes as long as they are
/// ahead. Returns what went wrong with those that are still skewed.
[[nodiscard]] std::vector<std::string> true_processes(const ClockPatcher& patcher,
                                                      std::uint64_t owner);

/// The lines as one of JSON, for an answer.
[[nodiscard]] std::string json_list(const std::vector<std::string>& texts);

} // namespace faultlab::node
