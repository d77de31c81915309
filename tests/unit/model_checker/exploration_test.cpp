#include "simulator/model_checker/exploration.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

namespace faultlab::simulator {
namespace {

Exploration explored(const Bounds& bounds, std::string_view bugs = {}) {
    return explore(bounds, replica::parse_bugs(bugs).bugs, [](const Exploration&) {});
}

std::string text(const Counterexample& found) {
    std::string all = found.violation + "\n";
    for (const std::string& action : found.actions)
        all += "  " + action + "\n";
    return all;
}

void passes(const Bounds& bounds) {
    const Exploration seen = explored(bounds);
    INFO((seen.counterexample ? text(*seen.counterexample) : ""));
    CHECK_FALSE(seen.counterexample.has_value());
    CHECK(seen.depth == bounds.depth);
    CHECK(seen.states > 10'000);
}

/// The shortest way to harm that the bug has.
void is_found(std::string_view bug,
              const Bounds& bounds,
              std::string_view rule,
              std::size_t actions) {
    const Exploration seen = explored(bounds, bug);
    REQUIRE(seen.counterexample.has_value());
    INFO(text(*seen.counterexample));
    CHECK(seen.counterexample->violation.starts_with(fmt::format("{}:", rule)));
    CHECK(seen.counterexample->actions.size() == actions);
}

} // namespace

TEST_CASE("No schedule of ten actions breaks a rule of the store") {
    passes({.faults = 0, .depth = 10});
}

TEST_CASE("Nor does one of six with two faults") {
    passes({.faults = 2, .depth = 6});
}

TEST_CASE("A StartView that is taken twice is found to lose an entry (T2)") {
    is_found("T2", {.faults = 1, .depth = 6}, "S6", 6);
}

TEST_CASE("A suffix that is kept and acknowledged blindly is found (F6)") {
    is_found("F6", {.faults = 0, .depth = 9}, "S9", 9);
}

TEST_CASE("Half of it is refused as a fork, or does no harm in as many actions") {
    is_found("F6a", {.faults = 0, .depth = 9}, "A6", 9);
    CHECK_FALSE(explored({.faults = 0, .depth = 10}, "F6b").counterexample.has_value());
}

TEST_CASE("The longest log instead of the newest is found to lose an entry (K5, T1)",
          "[.at_length]") {
    is_found("K5", {.faults = 0, .depth = 22}, "S4", 22);
    is_found("T1", {.faults = 0, .depth = 22}, "S4", 22);
}

TEST_CASE("What is explored follows from the bounds") {
    const Bounds bounds{.faults = 1, .depth = 6};
    const Exploration one = explored(bounds);
    const Exploration other = explored(bounds);
    CHECK(one.states == other.states);
    CHECK(one.transitions == other.transitions);
    CHECK(one.moments == other.moments);
}

TEST_CASE("A cluster to which nothing can happen is exhausted") {
    const Exploration seen = explored({.operations = 0, .faults = 0, .views = 0, .depth = 100});
    CHECK(seen.exhausted);
    CHECK(seen.states == 1);
}

TEST_CASE("One operation without a change of views is exhausted") {
    const Exploration seen = explored({.operations = 1, .faults = 0, .views = 0, .depth = 100});
    CHECK(seen.exhausted);
    CHECK(seen.depth > 4); // asked, two prepares, two acknowledgements
    CHECK_FALSE(seen.counterexample.has_value());
}

TEST_CASE("It gives up when the states are too many") {
    const Exploration seen = explored({.depth = 50, .states = 1'000});
    CHECK(seen.states <= 1'100);
    CHECK(seen.depth < 50);
    CHECK_FALSE(seen.exhausted);
}

} // namespace faultlab::simulator
