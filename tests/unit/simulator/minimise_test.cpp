// What delta debugging leaves, compared with what going through all subsets finds.

#include "core/rng.hpp"
#include "simulator/minimise.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

constexpr std::size_t items = 9;

std::uint32_t bits_of(const std::vector<std::size_t>& kept) {
    std::uint32_t bits = 0;
    for (const std::size_t index : kept)
        bits |= 1U << index;
    return bits;
}

} // namespace

TEST_CASE("What is needed is what is left, of any subset", "[simulator]") {
    // It holds of whatever has all of these.
    for (std::uint32_t needed = 0; needed < 1U << items; ++needed) {
        const auto kept = minimise(items, [needed](const std::vector<std::size_t>& left) {
            return (bits_of(left) & needed) == needed;
        });
        CHECK(bits_of(kept) == needed);
    }
}

TEST_CASE("Of several ways to do it the smallest single one is left where it is nested",
          "[simulator]") {
    Rng rng(7);
    for (int round = 0; round < 500; ++round) {
        // It holds of whatever has all of one or all of the other.
        const auto one = static_cast<std::uint32_t>(rng.below(1U << items) | 1U);
        const auto other = static_cast<std::uint32_t>(rng.below(1U << items) | 2U);
        const auto holds = [&](std::uint32_t bits) {
            return (bits & one) == one || (bits & other) == other;
        };
        const auto kept = minimise(
            items, [&](const std::vector<std::size_t>& left) { return holds(bits_of(left)); });
        const std::uint32_t bits = bits_of(kept);
        CAPTURE(one, other, bits);
        CHECK(holds(bits));
        // Brute force over all that is less: nothing below what is left holds.
        for (std::uint32_t less = 0; less < bits; ++less) {
            if ((less & bits) == less) CHECK_FALSE(holds(less));
        }
    }
}

TEST_CASE("Nothing single can be left out, whatever holds", "[simulator]") {
    // Any predicate at all, also one that holds of a set and not of a larger one.
    Rng rng(11);
    for (int round = 0; round < 500; ++round) {
        std::vector<bool> holds(1U << items);
        for (std::size_t i = 0; i < holds.size(); ++i)
            holds[i] = rng.chance(1, 3);
        holds.back() = true;
        const auto kept = minimise(
            items, [&](const std::vector<std::size_t>& left) { return holds[bits_of(left)]; });
        const std::uint32_t bits = bits_of(kept);
        CHECK(holds[bits]);
        CHECK(std::ranges::is_sorted(kept));
        if (kept.size() < 2) continue; // nothing at all was asked for first
        for (const std::size_t index : kept)
            CHECK_FALSE(holds[bits & ~(1U << index)]);
    }
}

TEST_CASE("Of nothing nothing is left, and nothing is asked for", "[simulator]") {
    CHECK(minimise(0, [](const std::vector<std::size_t>&) -> bool {
              FAIL("asked");
              return false;
          }).empty());
}
