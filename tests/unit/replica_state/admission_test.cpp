#include "replica/core/admission.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab::replica;

TEST_CASE("A token bucket takes its burst at once, then its rate", "[replica_state]") {
    TokenBucket bucket({.rate = 3, .burst = 5});
    int taken = 0;
    while (bucket.take(0)) {
        ++taken;
    }
    CHECK(taken == 5);
    CHECK(bucket.retry_after(0) == 333'333'334);
    CHECK_FALSE(bucket.take(333'333'333));
    CHECK(bucket.retry_after(333'333'333) == 1);
    CHECK(bucket.take(333'333'334));
    CHECK(bucket.tokens(0) == 0); // time does not run backwards
    // However often it is asked, nothing is lost: three a second, exactly.
    taken = 0;
    for (Nanos now = 333'333'335; now <= 100'000'000'000; now += 999'983) {
        taken += bucket.take(now) ? 1 : 0;
    }
    CHECK(taken == 298);
}

TEST_CASE("A token bucket saves no more than its burst, after any pause", "[replica_state]") {
    TokenBucket bucket({.rate = 4'000'000'000, .burst = 2});
    const Nanos late = std::numeric_limits<Nanos>::max();
    CHECK(bucket.take(0));
    CHECK(bucket.tokens(late) == 2);
    CHECK(bucket.take(late));
    CHECK(bucket.take(late));
    CHECK_FALSE(bucket.take(late));
}

TEST_CASE("Without a rate there is no limit", "[replica_state]") {
    TokenBucket bucket({.rate = 0, .burst = 1});
    for (int request = 0; request < 100; ++request) {
        REQUIRE(bucket.take(0));
    }
    CHECK(bucket.retry_after(0) == 0);
}
