#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <array>
#include <set>

using namespace faultlab::replica;

// Replicas that are deaf, but heard, say over and over what they have and never answer. Whoever
// asked only them stayed behind for ever, although others had what it needed.

namespace {

Letter ping(const Bench& bench, ReplicaId from, Op checkpoint = 0) {
    Header header = bench.header(from, Command::Ping, View{});
    header.checkpoint_op = checkpoint;
    header.checkpoint_id = checkpoint == 0 ? Checksum{} : Checksum{checkpoint, checkpoint};
    return Bench::sealed(header);
}

} // namespace

// Two peers that had both been silent for long were equally slow, and the lower id was asked again
// and again.
TEST_CASE("Who is deaf is not the only one that is asked for entries", "[issues]") {
    Bench bench(3);
    const auto log = bench.log(View{}, 3);
    for (const ReplicaId id : std::array<ReplicaId, 2>{1, 2})
        bench.receive(id, ping(bench, id));
    bench.receive(1, log[0]);
    bench.receive(1, log[2]);
    for (int question = 0; question < 200; ++question) {
        bench.now += bench.config.timeouts.repair;
        bench.ring(Timer::Repair);
    }
    std::set<ReplicaId> asked;
    const std::vector<Letter> questions = bench.of(Command::GetLog);
    for (std::size_t i = questions.size() - 4; i < questions.size(); ++i)
        asked.insert(questions[i].to);
    CHECK(asked == std::set<ReplicaId>{1, 2});
}

// A replica fetched a checkpoint that only deaf ones still had as their newest. As one failed, the
// other had said again that it has it.
TEST_CASE("A checkpoint that only the deaf have is not fetched for ever", "[issues]") {
    Bench bench(5, 5);
    for (const ReplicaId id : std::array<ReplicaId, 3>{1, 2, 3})
        bench.receive(id, ping(bench, id, 36));
    Header ahead = bench.header(1, Command::Commit, View{});
    ahead.op = ahead.commit = 100;
    ahead.checkpoint_op = 36;
    ahead.checkpoint_id = {36, 36};
    bench.receive(1, Bench::sealed(ahead));
    bench.ring(Timer::Sync);
    REQUIRE(bench.of(Command::GetSnapshot).size() == 1);
    CHECK(bench.of(Command::GetSnapshot).front().header.checkpoint_op == 36);
    for (int question = 0; question < 20; ++question) {
        for (const ReplicaId id : std::array<ReplicaId, 2>{1, 2})
            bench.receive(id, ping(bench, id, 36)); // deaf
        for (const ReplicaId id : std::array<ReplicaId, 2>{3, 4})
            bench.receive(id, ping(bench, id, 48));
        bench.now += bench.config.timeouts.sync;
        bench.ring(Timer::Sync);
    }
    CHECK(bench.of(Command::GetSnapshot).back().header.checkpoint_op == 48);
}
