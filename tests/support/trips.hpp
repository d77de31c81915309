#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/types.hpp"
#include "tests/support/catch.hpp"

#include <functional>
#include <string>
#include <vector>

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

/// How something can be wrong from inside, or be asked for what it does not promise, and the id of
/// the assertion that says so.
template <typename Subject>
struct Breach {
    const char* id;
    std::function<void(Subject&)> by;
};

/// Checks that each breach of what `make` gives, or of what that stands for, trips its assertion,
/// and no other one.
template <typename Make, typename Subject>
void check_breaches(Make make, const std::vector<Breach<Subject>>& breaches) {
    for (const Breach<Subject>& breach : breaches) {
        auto subject = make();
        INFO(breach.id);
        CHECK(tripped_by([&] { breach.by(subject); }) == breach.id);
    }
}

/// Bytes of a size that nobody may look at.
inline faultlab::replica::Bytes vast_bytes() {
    static constexpr std::byte first{};
    return {&first, std::size_t{1} << 33U};
}
