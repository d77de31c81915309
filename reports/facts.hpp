#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "reports/story.hpp"

#include <span>
#include <string>
#include <vector>

namespace faultlab {

/// Adds the labelled lines of the first screen, as its outcome wants them. Requires: all other
/// members of the story are set.
void add_facts(const Record& record,
               std::span<const CheckResult> results,
               const StoryContext& context,
               Story& story);

/// A fact of Record::meta as visible text; empty where there is none.
[[nodiscard]] std::string meta_text(const Record& record, const std::string& name);

} // namespace faultlab
