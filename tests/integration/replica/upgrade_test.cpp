#include "tests/integration/replica/load.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;
using namespace faultlab::test;
using namespace std::chrono_literals;
using replica::Operation;
using replica::Outcome;
using replica::ReplicaId;

namespace {

const std::vector<std::string> old_program{"--release", "1"};
const std::vector<std::string> new_program{"--release", "2"};

Outcome outcome_of(replica::Session& session, const Operation& operation) {
    const auto execution = execute(session, operation, 10s);
    const auto* done = std::get_if<replica::Done>(&execution);
    REQUIRE(done != nullptr);
    return done->result.outcome;
}

Operation swap(std::int64_t key, std::int64_t value) {
    return {.code = replica::OpCode::Swap, .key = Value(key), .value = Value(value)};
}

/// Stops the replica and starts it again as another program, on the same files.
void replace(ReplicaCluster& cluster, ReplicaId id, const std::vector<std::string>& program) {
    cluster.kill(id);
    cluster.start(id, program);
    REQUIRE(await(
        [&] {
            const auto now = cluster.status(id);
            return now && now->status == replica::Status::Normal;
        },
        20s));
}

} // namespace

TEST_CASE("a cluster is upgraded one replica at a time under load", "[replica_processes]") {
    ReplicaCluster cluster({});
    for (const ReplicaId id : cluster.ids())
        cluster.start(id, old_program);
    REQUIRE(cluster.await_primary());
    Load load(cluster, 4);
    REQUIRE(load.serves(50, 20s));
    auto session = cluster.session();
    CHECK(outcome_of(session, swap(1, 1)) == Outcome::Unsupported);

    replace(cluster, 3, new_program);
    CHECK(load.serves(50, 20s));
    const Operation upgrade{.code = replica::OpCode::Upgrade, .release = 2};
    CHECK(outcome_of(session, upgrade) == Outcome::Refused); // two cannot

    // Before it is active the way back is open.
    replace(cluster, 3, old_program);
    CHECK(load.serves(50, 20s));

    for (const ReplicaId id : cluster.ids()) {
        replace(cluster, id, new_program);
        CHECK(load.serves(50, 20s));
    }
    CHECK(outcome_of(session, swap(1, 1)) == Outcome::Unsupported); // possible, not yet active
    REQUIRE(await([&] { return outcome_of(session, upgrade) == Outcome::Ok; }, 20s));
    REQUIRE(await([&] { return outcome_of(session, swap(1, 2)) == Outcome::Ok; }, 30s));
    CHECK(load.serves(50, 20s));

    // Now it is closed.
    CHECK(await(
        [&] {
            const auto now = cluster.status(3);
            return now && now->release_active == 2;
        },
        20s));
    cluster.kill(3);
    cluster.start(3, old_program);
    CHECK(cluster.wait(3, 20s) == 70);
    CHECK(cluster.messages(3).find("release") != std::string::npos);
    CHECK(load.serves(50, 20s));
    CHECK(load.verify(cluster.session()).empty());
}
