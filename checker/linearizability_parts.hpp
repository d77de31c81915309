#pragma once

#include "checker/frontier_search.hpp"
#include "core/checker.hpp"
#include "core/history.hpp"
#include "core/record.hpp"

#include <vector>

namespace faultlab {

// What the models of the checker linearizability share; for its files only.

/// Reducing costs more than judging, and nobody reads a hundred counterexamples.
inline constexpr std::size_t reduced_at_most = 8;

/// The detail of a finding whose divergence is one of the operations that it cites: by its return
/// they are illegal, and whether the history was before then is not known.
inline constexpr const char* divergence_not_first = "first_divergence_unknown";

/// The checker with the model kv. Findings as in checker/linearizability.cpp; of more than one key
/// they have no `key`, and their details `keys` (the keys that were judged). Details `states` then
/// are lists of the values of these keys.
[[nodiscard]] CheckResult check_kv(const Record& record, const Budget& budget);

/// A finding that lets a page show where a search stopped.
[[nodiscard]] Finding
budget_finding(const SearchOutcome& outcome, std::string_view model, Value key);

/// Faults that were active at some time between the first invocation and the last return.
[[nodiscard]] std::vector<FaultId> faults_during(const Record& record,
                                                 const std::vector<OpId>& ops);

/// A failed write or cas of `value` to the key, invoked before `observer`, so that a page can say
/// that what was reported as not done was done; -1 when there is none.
[[nodiscard]] OpId
failed_writer(const History& history, Symbol key, const Value& value, OpId observer);

} // namespace faultlab
