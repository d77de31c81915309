#pragma once

#include "core/checker.hpp"
#include "core/history.hpp"
#include "core/op.hpp"
#include "core/record.hpp"

#include <optional>
#include <string>
#include <vector>

/// Plain English for operations and findings: templates with real values and times. Pure.
namespace faultlab {

/// How the values of a workload are to be read.
struct Wording {
    /// Answers are [value, version], and a compare-and-set compares the version.
    bool versioned = false;
};
[[nodiscard]] Wording wording_of(const Record& record);

/// "write k17 := 4", "read k17 → 4", "compare-and-set k17 from 4 to 7"
[[nodiscard]] std::string action_text(const Op& op, const Wording& wording);
/// "write 4", "read → 4": for labels in a picture, about `limit` characters.
[[nodiscard]] std::string action_label(const Op& op, const Wording& wording, std::size_t limit);
/// "ok at 12.122", "failed at 12.122: refused", "outcome unknown: timeout"
[[nodiscard]] std::string outcome_text(const Op& op);

/// The operations of a finding that exist, in order of invocation, its divergence among them.
[[nodiscard]] std::vector<Op> counterexample(const History& history, const Finding& finding);
[[nodiscard]] std::optional<Op> divergence(const History& history, const Finding& finding);
/// The operation that saw what it cannot have seen: as the checker says, else the divergence.
[[nodiscard]] std::optional<Op> subject(const History& history, const Finding& finding);

/// A change that the subject did not see.
struct Missed {
    Op change;
    std::optional<Op> seen_by; ///< who saw it before, when it had not returned in time itself
    bool before = false;       ///< it was certain before the subject began
    /// When it became certain.
    [[nodiscard]] Nanos since() const { return seen_by ? seen_by->t_ret : change.t_ret; }
};
/// As the checker says, else the last change in the counterexample that was acknowledged before the
/// subject began.
[[nodiscard]] std::optional<Missed>
missed_change(const History& history, const Finding& finding, const Wording& wording);

/// The value that a read returned, without its version.
[[nodiscard]] Value read_value(const Op& op, const Wording& wording);

/// A text among finding.details, or empty.
[[nodiscard]] std::string detail_text(const Finding& finding, const char* name);
/// The class that explains it best: details["class"], else the anomaly itself.
[[nodiscard]] std::string class_of(const Finding& finding);

/// A reason as a whole sentence: capital first, full stop.
[[nodiscard]] std::string as_sentence(const std::string& reason);

/// Whether it says where a checker was stopped, not what is wrong.
[[nodiscard]] bool is_doubt(const Finding& finding);

/// "register is not linearizable on key k17"
[[nodiscard]] std::string headline_of(const std::string& workload, const Finding& finding);
/// The verdict sentence; `reason` is the checker's own, for classes without a template.
[[nodiscard]] std::string
sentence_of(const Record& record, const Finding& finding, const std::string& reason);

} // namespace faultlab
