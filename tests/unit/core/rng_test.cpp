#include "core/rng.hpp"
#include "tests/support/catch.hpp"

#include <vector>

using faultlab::Rng;

TEST_CASE("the same seed gives the same numbers, another seed others") {
    Rng a(7);
    Rng b(7);
    Rng c(8);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const auto x = a.next();
        CHECK(x == b.next());
        differs = differs || x != c.next();
    }
    CHECK(differs);
}

TEST_CASE("a split stream does not depend on what was drawn before") {
    Rng fresh(7);
    Rng used(7);
    for (int i = 0; i < 10; ++i)
        used.next();
    CHECK(fresh.split("nemesis").next() == used.split("nemesis").next());
    CHECK(fresh.split("process/3").next() != fresh.split("process/4").next());
}

TEST_CASE("below and between are uniform over their whole range") {
    Rng rng(1);
    std::vector<int> counts(7, 0);
    for (int i = 0; i < 70'000; ++i)
        ++counts[static_cast<std::size_t>(rng.between(-3, 3) + 3)];
    for (const int count : counts) {
        CHECK(count > 9'500);
        CHECK(count < 10'500);
    }
    CHECK(rng.below(1) == 0);
}
