#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

using namespace faultlab::replica;

// A StartView or DoViewChange whose whole log is committed has no suffix by which the checksum of
// its last entry could be judged. A wrong one made its receiver halt, or wait for ever.
namespace {

constexpr View view_0 = View::of(0, 0);
constexpr View view_1 = View::of(0, 1);
constexpr View view_2 = View::of(0, 2);

Letter with_wrong_parent(Letter letter) {
    letter.header.parent.low ^= 1U;
    return Bench::sealed(letter.header, letter.body);
}

std::uint64_t rejects(const Bench& bench, Reject reason) {
    return bench.telemetry().rejects[static_cast<std::size_t>(reason)];
}

} // namespace

TEST_CASE("An empty log that does not end in the root is refused", "[issues]") {
    Bench backup(3);
    backup.receive(2, with_wrong_parent(backup.start_view(view_1, {}, 0)));
    CHECK(backup.halted.empty());
    CHECK(backup.status() == Status::Normal);
    CHECK(rejects(backup, Reject::TailOrder) == 1);
    backup.receive(2, backup.start_view(view_1, {}, 0));
    CHECK(backup.telemetry().log_view == view_1);

    Bench primary(3);
    primary.receive(1, primary.want(1, view_2));
    primary.receive(2, primary.want(2, view_2));
    REQUIRE(primary.status() == Status::ViewChange);
    primary.receive(2, with_wrong_parent(primary.vote(2, view_2, view_1, {}, 0)));
    CHECK(primary.halted.empty());
    CHECK(rejects(primary, Reject::TailOrder) == 1);
    primary.receive(1, primary.vote(1, view_2, view_0, {}, 0));
    CHECK(primary.status() == Status::Normal);
}

TEST_CASE("A StartView that its own log contradicts is given up, and another asked for",
          "[issues]") {
    Bench backup(3);
    const auto log = backup.log(view_1, 2);
    backup.receive(2, with_wrong_parent(backup.start_view(view_1, log, 2)));
    REQUIRE(backup.status() == Status::ViewChange);
    const auto give = [&] {
        backup.receive(2, backup.repair(2, view_1, view_1, log[0]));
        backup.receive(2, backup.repair(2, view_1, view_1, log[1]));
    };
    give();
    CHECK(backup.halted.empty());
    CHECK(rejects(backup, Reject::Entry) == 1);
    CHECK(backup.telemetry().log_view == view_0);
    backup.sent.clear();
    backup.ring(Timer::GetView);
    CHECK(!backup.of(Command::GetView).empty());
    backup.receive(2, backup.start_view(view_1, log, 2));
    give();
    backup.ring(Timer::IdleFlush);
    backup.run_io();
    CHECK(backup.status() == Status::Normal);
    CHECK(backup.telemetry().log_view == view_1);
    CHECK(backup.telemetry().commit_min == 2);
}

TEST_CASE("A vote that its own log contradicts is dropped until it comes again", "[issues]") {
    Bench primary(3);
    const auto log = primary.log(view_1, 2);
    primary.receive(1, primary.want(1, view_2));
    primary.receive(2, primary.want(2, view_2));
    primary.receive(2, with_wrong_parent(primary.vote(2, view_2, view_1, log, 2)));
    const auto give = [&] {
        primary.receive(2, primary.repair(2, view_2, view_1, log[0]));
        primary.receive(2, primary.repair(2, view_2, view_1, log[1]));
    };
    give();
    CHECK(primary.halted.empty());
    CHECK(primary.status() == Status::ViewChange);
    CHECK(rejects(primary, Reject::Entry) == 1);
    primary.receive(2, primary.vote(2, view_2, view_1, log, 2));
    give();
    primary.ring(Timer::IdleFlush);
    primary.run_io();
    CHECK(primary.status() == Status::Normal);
    CHECK(primary.telemetry().head == 2);
}
