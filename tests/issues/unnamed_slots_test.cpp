#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <utility>

using namespace faultlab::replica;

// A faulty slot is named by its header or by the next entry's parent. Of two neighbours without
// headers the newer can be fetched and then names the older; but when nobody has the newer any
// more, because its log was never committed and another view's replaces it, both stayed nameless,
// and the installation waited for ever.
namespace {

constexpr View view_0 = View::of(0, 0);
constexpr View view_1 = View::of(0, 1);

void rot(Bench& bench, Op op) {
    const std::size_t slot = op % bench.config.limits.slots;
    auto& prepares = bench.disk[static_cast<std::size_t>(Zone::Prepares)];
    auto& headers = bench.disk[static_cast<std::size_t>(Zone::Headers)];
    prepares[slot * bench.config.limits.message_bytes] ^= std::byte{1};
    headers[slot * sizeof(Header)] ^= std::byte{1};
}

/// Replica 3 with four entries of view 0, of which it has lost these in both rings.
Bench damaged(const std::vector<Letter>& log, std::initializer_list<Op> lost) {
    Bench bench(3);
    for (const Letter& entry : log) {
        bench.receive(1, entry);
    }
    bench.ring(Timer::IdleFlush);
    bench.run_io();
    for (const Op op : lost) {
        rot(bench, op);
    }
    bench.boot();
    return bench;
}

/// Entries 1 to 5 of view 1's log: the first of them are of view 0 too.
std::vector<Letter> log_of_view_1(const Bench& bench, std::vector<Letter> first) {
    while (first.size() < 5) {
        const Op op = first.size() + 1;
        first.push_back(bench.entry(view_1, op, first.back().header.checksum, op - 1, 900 + op));
    }
    return first;
}

/// Answers whatever it asks of view 1's log.
void serve(Bench& bench, const std::vector<Letter>& log) {
    for (const Letter& asked : std::exchange(bench.sent, {})) {
        if (asked.header.command != Command::GetLog) continue;
        for (Op op = asked.header.from; op <= std::min<Op>(asked.header.to, log.size()); ++op) {
            bench.receive(2, bench.repair(2, view_1, view_1, log[op - 1]));
        }
    }
}

void serve_for_long(Bench& bench, const std::vector<Letter>& log) {
    for (int round = 0; round < 20; ++round) {
        serve(bench, log);
        bench.ring(Timer::Repair);
    }
    bench.ring(Timer::IdleFlush);
    bench.run_io();
}

} // namespace

TEST_CASE("Slots that nobody can name give way to the log that replaces theirs", "[issues]") {
    const auto old = Bench(3).log(view_0, 4);
    Bench bench = damaged(old, {2, 3});
    REQUIRE(bench.status() == Status::Normal);
    REQUIRE(bench.telemetry().faulty_slots == 2);
    const auto log = log_of_view_1(bench, {old[0]});
    bench.receive(2, bench.start_view(view_1, log, 5));
    serve(bench, log);
    CHECK(bench.telemetry().head == 4); // somebody may still name them
    serve_for_long(bench, log);
    CHECK(bench.status() == Status::Normal);
    CHECK(bench.telemetry().log_view == view_1);
    CHECK(bench.telemetry().head == 5);
}

TEST_CASE("Who dropped what it could not name does not deny it after a crash", "[issues]") {
    const auto old = Bench(3).log(view_0, 4);
    Bench bench = damaged(old, {2, 3});
    const auto log = log_of_view_1(bench, {old[0]});
    bench.receive(2, bench.start_view(view_1, log, 5));
    for (int round = 0; bench.status() == Status::ViewChange && round < 20; ++round) {
        bench.ring(Timer::Repair);
        bench.receive(2, bench.repair(2, view_1, view_1, log[0]));
        bench.receive(2, bench.repair(2, view_1, view_1, log[1]));
    }
    CHECK(bench.status() == Status::RecoveringHead);
    bench.boot();
    CHECK(bench.status() == Status::RecoveringHead);
    bench.receive(2, bench.start_view(view_1, log, 5));
    serve_for_long(bench, log);
    CHECK(bench.status() == Status::Normal);
    bench.boot();
    CHECK(bench.status() == Status::Normal);
}

TEST_CASE("Slots that nobody can name are filled at once where both logs are the same",
          "[issues]") {
    std::vector<Letter> old{Bench(3).log(view_0, 1)[0]};
    for (Op op = 2; op <= 4; ++op) {
        old.push_back(Bench(3).entry(view_0, op, old.back().header.checksum, op - 1, 100 + op));
    }
    Bench bench = damaged(old, {2, 3});
    REQUIRE(bench.telemetry().commit_max == 3);
    const auto log = log_of_view_1(bench, old);
    bench.receive(2, bench.start_view(view_1, log, 5));
    serve(bench, log);
    CHECK(bench.telemetry().faulty_slots == 0);
    serve_for_long(bench, log);
    CHECK(bench.status() == Status::Normal);
    CHECK(bench.telemetry().commit_min == 5);
}
