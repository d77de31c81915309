#pragma once

#include "checker/catalogue.hpp"
#include "core/checker.hpp"
#include "core/record.hpp"
#include "core/verdict.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace faultlab {

/// What is wanted, and after it `stats` and `evidence-floor`, which judge every record.
[[nodiscard]] std::vector<CheckerRequest> complete_requests(std::vector<CheckerRequest> wanted);

/// The results of the completed requests, in their order. A checker that does not exist, cannot be
/// made of its options, or throws has the verdict unknown with the error as its reason and
/// statistics["error"] = true: that is a failure of the lab, not of what it tests.
[[nodiscard]] std::vector<CheckResult>
judge(const Record& record, std::span<const CheckerRequest> requests, const Budget& budget);

/// The same for one checker, by name.
[[nodiscard]] CheckResult
judge_one(const Record& record, const CheckerRequest& request, const Budget& budget);

/// The same for one checker, by its entry.
[[nodiscard]] CheckResult judge_with(const CheckerEntry& entry,
                                     const Options& options,
                                     const Record& record,
                                     const Budget& budget);

/// Whether one of them is no verdict, but a failure of the lab.
[[nodiscard]] bool lab_failed(std::span<const CheckResult> results);

/// The worst of all; unknown when there is none.
[[nodiscard]] Verdict overall(std::span<const CheckResult> results);

} // namespace faultlab
