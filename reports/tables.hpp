#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "reports/markup.hpp"
#include "reports/story.hpp"

#include <span>

/// The tables of the page. Each writes its rows, or nothing when it has none, and says so.
namespace faultlab::tables {

bool checkers(Markup& out, std::span<const CheckResult> results);
bool faults(Markup& out, const Record& record);
void configuration(Markup& out, const Record& record);
bool nodes(Markup& out, const Record& record);

} // namespace faultlab::tables
