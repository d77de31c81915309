#pragma once

#include "replica/core/assert.hpp"
#include "tests/support/catch.hpp"

#include <string>

/// The id of the assertion of the core that the call trips; empty when it trips none.
template <typename Call>
std::string tripped_by(Call call) {
    try {
        call();
    } catch (const faultlab::replica::AssertionFailed& failed) {
        return failed.id();
    }
    return {};
}

/// Checks that the expression trips the assertion of this id.
#define CHECK_TRIPS(assertion, ...)                                                                \
    CHECK(tripped_by([&] { static_cast<void>(__VA_ARGS__); }) == (assertion))
