#pragma once

#include "core/op.hpp"
#include "core/system.hpp"
#include "systems/http.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faultlab::etcd {

/// Every error that etcd's clients tell apart, each with the reason for its class. It is what the
/// functions below decide by: there is no other list.
[[nodiscard]] std::vector<ErrorRule> error_table();

/// Whether an operation that ended with this error surely did not happen. An error that is not in
/// the table is not definite.
[[nodiscard]] bool is_definite(std::string_view error);

/// The error that an answer other than 200 stands for: etcd's own words, whatever its version, or
/// "HTTP 502" where the answer holds none.
[[nodiscard]] std::string error_of(const HttpReply& reply);

/// The outcome of an operation that ended with this error. A read changes nothing: whatever became
/// of it, it may be recorded as if it had not been made.
[[nodiscard]] Completion outcome_of_error(std::string error, bool is_read);

/// The error of an answer that says 200 but not what was asked.
inline constexpr std::string_view malformed_answer = "malformed answer";

} // namespace faultlab::etcd
