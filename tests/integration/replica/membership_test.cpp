#include "tests/integration/replica/load.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace faultlab;
using namespace faultlab::test;
using namespace std::chrono_literals;
using replica::Membership;
using replica::ReplicaId;

namespace {

Membership membership_of(std::uint32_t epoch,
                         const std::vector<ReplicaId>& voters,
                         const std::vector<ReplicaId>& standbys) {
    Membership wanted;
    wanted.epoch = epoch;
    wanted.voter_count = static_cast<std::uint8_t>(voters.size());
    wanted.standby_count = static_cast<std::uint8_t>(standbys.size());
    std::ranges::copy(voters, wanted.voters.begin());
    std::ranges::copy(standbys, wanted.standbys.begin());
    return wanted;
}

/// Asks until the cluster agrees: a voter that has not caught up makes it refuse.
bool reconfigure(ReplicaCluster& cluster, const Membership& wanted) {
    auto session = cluster.session();
    return await(
        [&] {
            const auto execution =
                execute(session, {.code = replica::OpCode::Reconfigure, .membership = wanted}, 5s);
            const auto* done = std::get_if<replica::Done>(&execution);
            return done != nullptr && done->result.outcome == replica::Outcome::Ok;
        },
        30s);
}

bool all_in(const ReplicaCluster& cluster,
            const std::vector<ReplicaId>& ids,
            std::uint32_t epoch,
            replica::Status status) {
    return std::ranges::all_of(ids, [&](ReplicaId id) {
        const auto now = cluster.status(id);
        return now && now->membership.epoch == epoch && now->status == status;
    });
}

} // namespace

TEST_CASE("three voters become five and three again under load", "[replica_processes]") {
    ReplicaCluster cluster({.replicas = 5, .voters = 3});
    cluster.start_all();
    REQUIRE(cluster.await_primary());
    Load load(cluster, 4);
    REQUIRE(load.serves(400, 20s)); // beyond a checkpoint's worth of entries: joiners must fetch

    REQUIRE(reconfigure(cluster, membership_of(1, {1, 2, 3}, {4, 5})));
    REQUIRE(reconfigure(cluster, membership_of(2, {1, 2, 3, 4, 5}, {})));
    CHECK(await([&] { return all_in(cluster, {1, 2, 3, 4, 5}, 2, replica::Status::Normal); }, 20s));
    CHECK(load.serves(100, 20s));

    // Five voters survive two deaths.
    cluster.kill(1);
    cluster.kill(2);
    CHECK(load.serves(100, 20s));
    cluster.start(1);
    cluster.start(2);
    CHECK(await([&] { return all_in(cluster, {1, 2, 3, 4, 5}, 2, replica::Status::Normal); }, 20s));

    REQUIRE(reconfigure(cluster, membership_of(3, {3, 4, 5}, {})));
    CHECK(await([&] { return all_in(cluster, {3, 4, 5}, 3, replica::Status::Normal); }, 20s));
    CHECK(await([&] { return all_in(cluster, {1, 2}, 3, replica::Status::Retired); }, 20s));
    cluster.kill(1);
    cluster.kill(2);
    CHECK(load.serves(100, 20s));
    CHECK(load.verify(cluster.session()).empty());
}

TEST_CASE("a dead voter is replaced by one that joins", "[replica_processes]") {
    ReplicaCluster cluster({.replicas = 4, .voters = 3});
    for (const ReplicaId id : std::vector<ReplicaId>{1, 2, 3})
        cluster.start(id);
    REQUIRE(cluster.await_primary());
    Load load(cluster, 2);
    REQUIRE(load.serves(50, 20s));
    cluster.kill(1);
    REQUIRE(load.serves(50, 20s));
    cluster.start(4);
    REQUIRE(reconfigure(cluster, membership_of(1, {1, 2, 3}, {4})));
    REQUIRE(reconfigure(cluster, membership_of(2, {2, 3, 4}, {})));
    CHECK(await([&] { return all_in(cluster, {2, 3, 4}, 2, replica::Status::Normal); }, 20s));
    cluster.kill(2);
    CHECK(load.serves(50, 20s));
    CHECK(load.verify(cluster.session()).empty());
}

TEST_CASE("a replica that has not caught up gets no vote", "[replica_processes]") {
    ReplicaCluster cluster({.replicas = 4, .voters = 3});
    for (const ReplicaId id : std::vector<ReplicaId>{1, 2, 3})
        cluster.start(id);
    auto session = cluster.session();
    for (std::int64_t key = 0; key < 30; ++key)
        REQUIRE(std::holds_alternative<replica::Done>(write(session, key, key)));
    REQUIRE(reconfigure(cluster, membership_of(1, {1, 2, 3}, {4}))); // it does not even run
    const auto execution = execute(
        session,
        {.code = replica::OpCode::Reconfigure, .membership = membership_of(2, {1, 2, 3, 4}, {})},
        5s);
    const auto* done = std::get_if<replica::Done>(&execution);
    REQUIRE(done != nullptr);
    CHECK(done->result.outcome == replica::Outcome::Refused);
}
