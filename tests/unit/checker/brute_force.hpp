#pragma once

#include "core/op.hpp"

#include <string_view>
#include <vector>

namespace faultlab {

/// The reference that the checker is measured against: tries every order of the operations of one
/// key, with every choice of the indeterminate ones, and interprets each step on plain values. It
/// shares no code with the checker. For at most about ten operations.
bool brute_force_linearizable(const std::vector<Op>& ops, std::string_view model);

} // namespace faultlab
