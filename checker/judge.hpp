#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "core/verdict.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace faultlab {

/// The results of the requested checkers in their order, then of `stats` and `evidence-floor`,
/// which judge every record. A checker that does not exist, cannot be made of its options, or
/// throws has the verdict unknown with the error as its reason and statistics["error"] = true: that
/// is a failure of the lab, not of what it tests.
[[nodiscard]] std::vector<CheckResult>
judge(const Record& record, std::span<const CheckerRequest> requests, const Budget& budget);

/// The same for one checker.
[[nodiscard]] CheckResult
judge_one(const Record& record, const CheckerRequest& request, const Budget& budget);

/// The worst of all; unknown when there is none.
[[nodiscard]] Verdict overall(std::span<const CheckResult> results);

} // namespace faultlab
