#pragma once

#include "core/checker.hpp"
#include "core/history.hpp"
#include "core/op.hpp"

#include <string>

namespace faultlab {

/// Whether a finding is about an object that is neither a register nor a map: a queue, a lock, …
[[nodiscard]] bool is_about_object(const Finding& finding);

/// "the enqueue of 7 by client 3", "the pop by client 4, which returned 7"
[[nodiscard]] std::string object_noun(const Op& op);

/// The sentence for a violation of such an object; `op` is the one that saw what it cannot have
/// seen. Empty for classes without a template.
[[nodiscard]] std::string
object_sentence(const History& history, const Finding& finding, const Op& op);

} // namespace faultlab
