#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

using namespace faultlab::replica;

// A new primary chose the log of its view, and was fetching an entry of it, when another vote came:
// of a later view, with slots that are faulty and that nobody can name. What the log of its view is
// could not be told any more, but the headers of the one that it was fetching had been overwritten
// with those of the vote: it compared entries with the headers of other ops, and halted.
namespace {

constexpr View view_0 = View::of(0, 0);
constexpr View view_1 = View::of(0, 1);
constexpr View view_2 = View::of(0, 2);

/// A vote of replica 5, of view 1's log, that does not know what its first two entries were.
Letter damaged_vote(const Bench& bench, const std::vector<Letter>& log) {
    Letter vote = bench.vote(5, view_2, view_1, log, 0);
    for (std::size_t index = 0; index < 2; ++index) {
        SlotRecord record;
        record.state = SlotState::Faulty;
        std::memcpy(vote.body.data() + index * sizeof record, &record, sizeof record);
    }
    return Bench::sealed(vote.header, vote.body);
}

} // namespace

TEST_CASE("A vote that comes late does not spoil the log that is being fetched", "[issues]") {
    Bench primary(3, 5);
    const auto older = primary.log(view_0, 1);
    const auto newer = primary.log(view_1, 3, 700);
    primary.receive(1, primary.want(1, view_2, view_2));
    primary.receive(1, primary.vote(1, view_2, view_0, older, 0));
    primary.receive(4, primary.vote(4, view_2, view_0, older, 0));
    REQUIRE(primary.of(Command::GetLog).size() == 1);
    primary.receive(5, damaged_vote(primary, newer));
    primary.receive(1, primary.repair(1, view_2, view_0, older[0]));
    CHECK(primary.halted.empty());
    CHECK(primary.status() == Status::ViewChange);

    // Who knows all of view 1's log is its donor.
    primary.receive(2, primary.vote(2, view_2, view_1, newer, 0));
    for (const Letter& entry : newer) {
        primary.receive(2, primary.repair(2, view_2, view_1, entry));
    }
    primary.ring(Timer::IdleFlush);
    CHECK(primary.halted.empty());
    CHECK(primary.status() == Status::Normal);
    CHECK(primary.telemetry().head_checksum == newer.back().header.checksum);
}
