#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

using namespace faultlab::replica;

// A replica that was interrupted while it took up view 3's log claims what is committed in it,
// under the view of its own log. Another may honestly claim a different entry of that view. The new
// primary compared the two although a third vote was newer than both, called it a fork and halted.
TEST_CASE("An interrupted installation is no fork", "[issues]") {
    constexpr View view_0 = View::of(0, 0);
    constexpr View view_3 = View::of(0, 3);
    constexpr View view_7 = View::of(0, 7);

    Bench interrupted(2, 5);
    const auto old = interrupted.log(view_0, 2); // entry 2 never left replica 1
    std::vector<Letter> log{old[0]};
    log.push_back(interrupted.entry(view_3, 2, log[0].header.checksum, 0, 900));
    log.push_back(interrupted.entry(view_3, 3, log[1].header.checksum, 2, 901));
    interrupted.receive(1, old[0]);
    interrupted.receive(4, interrupted.start_view(view_3, log, 2));
    interrupted.receive(4, interrupted.repair(4, view_3, view_3, log[0]));
    interrupted.receive(4, interrupted.repair(4, view_3, view_3, log[1]));
    interrupted.receive(3, interrupted.want(3, view_7, view_7));
    const auto votes = interrupted.of(Command::DoViewChange);
    REQUIRE_FALSE(votes.empty());
    const Letter& claim = votes.back();
    REQUIRE(claim.header.log_view == view_0);
    REQUIRE(claim.header.op == 2);
    REQUIRE(claim.header.parent == log[1].header.checksum);

    Bench primary(3, 5);
    primary.receive(1, old[0]);
    primary.receive(5, primary.vote(5, view_7, view_3, log, 2));
    primary.receive(2, claim);
    primary.receive(1, primary.vote(1, view_7, view_0, old, 1));
    CHECK(primary.halted.empty());
    primary.receive(5, primary.repair(5, view_7, view_3, log[0]));
    primary.receive(5, primary.repair(5, view_7, view_3, log[1]));
    primary.receive(5, primary.repair(5, view_7, view_3, log[2]));
    CHECK(primary.status() == Status::Normal);
    CHECK(primary.telemetry().head_checksum == log[2].header.checksum);
}
