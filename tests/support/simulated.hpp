#pragma once

#include "core/check.hpp"
#include "simulator/world.hpp"

#include <string_view>

/// Tests of the replica in a simulated world use its words throughout.
namespace faultlab::simulator {

using namespace replica; // NOLINT(google-build-using-namespace): they are about nothing else

/// Bugs by name. Requires: all are known.
[[nodiscard]] inline BugSet bug_set(std::string_view list) {
    const ParsedBugs parsed = parse_bugs(list);
    FAULTLAB_CHECK(!parsed.unknown);
    return parsed.bugs;
}

} // namespace faultlab::simulator
