#include "nemesis/node/process_stat.hpp"
#include "tests/support/catch.hpp"

#include <sys/prctl.h>
#include <unistd.h>

using namespace faultlab::node;

TEST_CASE("a process is read whatever its name is") {
    const auto plain = process_stat(::getpid());
    REQUIRE(plain.has_value());
    CHECK(plain->state == 'R');
    CHECK(std::stoull(plain->started) > 0);
    REQUIRE(::prctl(PR_SET_NAME, "a) R 1 (b\n)") == 0);
    const auto named = process_stat(::getpid());
    REQUIRE(named.has_value());
    CHECK(named->state == 'R');
    CHECK(named->started == plain->started);
}

TEST_CASE("of a number that no process has there is nothing to read") {
    CHECK_FALSE(process_stat(0x7fffffff).has_value());
}
