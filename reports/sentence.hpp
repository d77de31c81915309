#pragma once

#include "core/checker.hpp"
#include "core/history.hpp"
#include "core/op.hpp"

#include <optional>
#include <string>
#include <vector>

/// Plain English for operations and findings: templates with real values and times. Pure.
namespace faultlab {

/// "write k17 := 4", "read k17 → 4", "compare-and-set k17 from 4 to 7"
[[nodiscard]] std::string action_text(const Op& op);
/// "write 4", "read → 4": for labels in a picture, about `limit` characters.
[[nodiscard]] std::string action_label(const Op& op, std::size_t limit = 24);
/// "ok at 12.122", "failed at 12.122: refused", "outcome unknown: timeout"
[[nodiscard]] std::string outcome_text(const Op& op);

/// The operations of a finding that exist, in its order, with the divergence at the latest last.
[[nodiscard]] std::vector<Op> counterexample(const History& history, const Finding& finding);
[[nodiscard]] std::optional<Op> divergence(const History& history, const Finding& finding);
/// The acknowledged change that the divergent read missed: as the checker says, else the last
/// change in the counterexample that was acknowledged before the divergence began.
[[nodiscard]] std::optional<Op> missed_change(const History& history, const Finding& finding);
/// What an operation leaves behind when it succeeds; absent for a read.
[[nodiscard]] Value written_value(const Op& op);

/// A text among finding.details, or empty.
[[nodiscard]] std::string detail_text(const Finding& finding, const char* name);
/// The class that explains it best: details["class"], else the anomaly itself.
[[nodiscard]] std::string class_of(const Finding& finding);

/// A reason as a whole sentence: capital first, full stop.
[[nodiscard]] std::string as_sentence(const std::string& reason);

/// "register is not linearizable on key k17"
[[nodiscard]] std::string headline_of(const std::string& workload, const Finding& finding);
/// The verdict sentence; `reason` is the checker's own, for classes without a template.
[[nodiscard]] std::string
sentence_of(const History& history, const Finding& finding, const std::string& reason);

} // namespace faultlab
