#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

using namespace faultlab::replica;

// A replica that lacks an entry asks for it, and nobody answers. With every question that stayed
// unanswered the latency of the one asked was doubled: after some forty of them, a few seconds of a
// partition, it overflowed. Only the sanitizer of undefined behaviour (preset asan) sees that.
TEST_CASE("A donor may be silent for as long as it likes", "[issues]") {
    Bench bench(2);
    const auto log = bench.log(View::of(0, 0), 3);
    bench.receive(1, log[0]);
    bench.receive(1, log[2]);
    REQUIRE(bench.of(Command::GetLog).size() == 1);
    for (int question = 0; question < 200; ++question) {
        bench.now += bench.config.timeouts.repair;
        bench.ring(Timer::Repair);
    }
    CHECK(bench.of(Command::GetLog).size() > 100);
    CHECK(bench.halted.empty());
}
