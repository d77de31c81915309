#pragma once

#include "checker/register_judge.hpp"
#include "checker/register_model.hpp"
#include "core/checker.hpp"
#include "core/history.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace faultlab {

/// One key, judged.
struct JudgedKey {
    std::string misfit; ///< why its operations do not fit the model; then nothing else is set
    std::int64_t considered = 0; ///< operations that did not fail
    RegisterJudgement judgement;
    KeyOps ops; ///< only of a key that is not legal
};

/// Judges every key of the history as a register of its own, in the order of History::keys(). With
/// `budget.workers`, in several threads, the keys with most operations first.
[[nodiscard]] std::vector<JudgedKey>
judge_keys(const History& history, RegisterModel model, const Budget& budget);

} // namespace faultlab
