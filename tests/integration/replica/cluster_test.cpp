#include "replica/client/admin.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/replica_cluster/cluster.hpp"

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

using namespace faultlab;
using namespace faultlab::test;
using namespace std::chrono_literals;
using replica::ReplicaId;

namespace {

bool is_done(const replica::Execution& execution) {
    const auto* done = std::get_if<replica::Done>(&execution);
    return done != nullptr && done->result.outcome == replica::Outcome::Ok;
}

/// Writes `count` keys from `first` on, each to its own number; every write must succeed.
void write_all(replica::Session& session, std::int64_t first, std::int64_t count) {
    for (std::int64_t key = first; key < first + count; ++key) {
        INFO("key " << key);
        REQUIRE(is_done(write(session, key, key, 10s)));
    }
}

void read_all(replica::Session& session, std::int64_t count) {
    for (std::int64_t key = 0; key < count; ++key)
        REQUIRE(read(session, key) == key);
}

/// All replicas have executed the same ops and have the same state.
bool converged(const ReplicaCluster& cluster) {
    std::set<std::pair<replica::Op, replica::Op>> heads;
    std::set<std::pair<replica::Op, replica::Checksum>> digests;
    for (const ReplicaId id : cluster.ids()) {
        const auto now = cluster.status(id);
        if (!now || now->status != replica::Status::Normal) return false;
        heads.emplace(now->head, now->commit_min);
        digests.emplace(now->digest_op, now->digest);
    }
    return heads.size() == 1 && heads.begin()->first == heads.begin()->second &&
           digests.size() == 1;
}

} // namespace

TEST_CASE("three processes serve writes and agree", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    auto session = cluster.session();
    write_all(session, 0, 100);
    read_all(session, 100);
    CHECK(await([&] { return converged(cluster); }));
    for (const ReplicaId id : cluster.ids()) {
        cluster.signal(id, SIGTERM);
        CHECK(cluster.wait(id) == 0);
        CHECK(cluster.messages(id).empty());
    }
}

TEST_CASE("each replica in turn is killed and comes back", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    auto session = cluster.session();
    std::int64_t written = 0;
    for (const ReplicaId id : cluster.ids()) {
        write_all(session, written, 20);
        cluster.kill(id);
        write_all(session, written + 20, 20);
        cluster.start(id);
        written += 40;
    }
    read_all(session, written);
    CHECK(await([&] { return converged(cluster); }));
}

TEST_CASE("another primary takes over from a killed one", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    const auto first = cluster.await_primary();
    REQUIRE(first);
    const auto before = cluster.status(*first);
    REQUIRE(before);
    cluster.kill(*first);
    const auto second = cluster.await_primary();
    REQUIRE(second);
    CHECK(*second != *first);
    CHECK(cluster.status(*second)->view > before->view);
    auto session = cluster.session();
    write_all(session, 0, 10);
}

TEST_CASE("a replica that was paused is heard again soon", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    auto session = cluster.session();
    write_all(session, 0, 10);
    const auto primary = cluster.await_primary();
    REQUIRE(primary);
    cluster.signal(*primary, SIGSTOP);
    write_all(session, 10, 10);
    cluster.signal(*primary, SIGCONT);
    CHECK(await([&] { return converged(cluster); }));
}

TEST_CASE("what was written before all were killed is there after", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    {
        auto session = cluster.session();
        write_all(session, 0, 250); // beyond a checkpoint
    }
    cluster.kill_all();
    cluster.start_all();
    auto session = cluster.session();
    read_all(session, 250);
}

TEST_CASE("a replica halts when its disk fails, and says why", "[replica_processes]") {
    ReplicaCluster cluster({.arguments = {"--disk-double"}});
    cluster.start(1);
    cluster.start(2);
    cluster.start(3, {"--sync-fails-from", "3"});
    auto session = cluster.session();
    write_all(session, 0, 50);
    CHECK(cluster.wait(3) == 70);
    CHECK(cluster.messages(3).find("halted: ") != std::string::npos);
    CHECK(cluster.messages(3).find("syncing Prepares") != std::string::npos);
}
TEST_CASE("a replica whose directory is gone is told to recover, and does", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    auto session = cluster.session();
    write_all(session, 0, 50);
    const auto primary = cluster.await_primary();
    REQUIRE(primary);
    const ReplicaId lost = *primary == 1 ? ReplicaId{2} : ReplicaId{1};
    cluster.kill(lost);
    std::filesystem::remove_all(cluster.data(lost));
    cluster.start(lost);
    CHECK(cluster.wait(lost) == 69);
    CHECK(cluster.messages(lost).find("--recover") != std::string::npos);
    cluster.start(lost, {"--recover"});
    write_all(session, 50, 50);
    CHECK(await([&] { return converged(cluster); }));
    CHECK_FALSE(std::filesystem::exists(cluster.data(lost) / "recovering"));
}

TEST_CASE("many clients at once are all served", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    constexpr int clients = 16;
    constexpr std::int64_t each = 100;
    std::atomic<std::int64_t> done = 0;
    std::vector<std::jthread> threads;
    for (int client = 0; client < clients; ++client) {
        threads.emplace_back([&, client] {
            auto session = cluster.session();
            for (std::int64_t i = 0; i < each; ++i) {
                if (is_done(write(session, client * each + i, client * each + i))) ++done;
            }
        });
    }
    threads.clear();
    CHECK(done == clients * each);
    auto session = cluster.session();
    read_all(session, clients * each);
}
