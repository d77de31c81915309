#include "replica/client/admin.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/replica_cluster/cluster.hpp"

#include <ctime>
#include <map>
#include <thread>

using namespace faultlab;
using namespace faultlab::test;
using namespace std::chrono_literals;
using replica::ReplicaId;

namespace {

auto soon() {
    return std::chrono::steady_clock::now() + 2s;
}

replica::Socket admin_socket(const ReplicaCluster& cluster, ReplicaId id) {
    auto socket = replica::Socket::connect("127.0.0.1", cluster.admin_port(id), soon());
    REQUIRE(socket);
    return std::move(*socket);
}

/// Sends text and returns all that comes back until the other side closes.
std::string converse(replica::Socket socket, std::string_view text) {
    REQUIRE(socket.write(std::as_bytes(std::span(text)), soon()) == replica::Socket::Io::Ok);
    std::string answer;
    std::array<std::byte, 4096> buffer{};
    while (true) {
        const auto read = socket.read(buffer, soon());
        if (read.io != replica::Socket::Io::Ok) break;
        answer.append(reinterpret_cast<const char*>(buffer.data()), read.bytes);
    }
    return answer;
}

} // namespace

TEST_CASE("telemetry and events follow what a cluster does", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    auto session = cluster.session();
    for (std::int64_t key = 0; key < 30; ++key)
        REQUIRE(std::holds_alternative<replica::Done>(write(session, key, key)));
    const auto primary = cluster.await_primary();
    REQUIRE(primary);
    const auto now = cluster.status(*primary);
    REQUIRE(now);
    CHECK(now->self == *primary);
    CHECK(now->commit_min >= 31);
    CHECK(now->sessions == 1);
    CHECK(now->entries == 30);
    CHECK(now->membership.voter_count == 3);

    replica::AdminClient admin(admin_socket(cluster, *primary));
    const auto page = admin.events(0, soon());
    REQUIRE(page);
    CHECK(page->incarnation == now->incarnation);
    CHECK(page->lost == 0);
    std::vector<replica::Op> committed;
    for (const auto& logged : page->events) {
        if (logged.event.kind == replica::EventKind::Committed) {
            committed.push_back(logged.event.a);
        }
    }
    REQUIRE(committed.size() >= 31);
    for (std::size_t i = 0; i < committed.size(); ++i)
        CHECK(committed[i] == i + 1);
    const auto nothing_new = admin.events(page->next, soon());
    REQUIRE(nothing_new);
    CHECK(nothing_new->next >= page->next);
}

TEST_CASE("a scraper finds metrics over HTTP, and nothing else", "[replica_processes]") {
    ReplicaCluster cluster({.replicas = 1});
    cluster.start_all();
    REQUIRE(cluster.await_primary());
    const std::string metrics = converse(admin_socket(cluster, 1),
                                         "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n");
    CHECK(metrics.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(metrics.find("faultlab_replica_commit_min{cluster=\"") != std::string::npos);
    CHECK(metrics.find("faultlab_replica_messages_dropped_total{cluster=\"") != std::string::npos);
    CHECK(metrics.find("class=\"WrongKey\"} 0\n") != std::string::npos);
    const std::string other =
        converse(admin_socket(cluster, 1), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(other.starts_with("HTTP/1.1 404 "));
}

TEST_CASE("an unknown admin request is answered as such", "[replica_processes]") {
    ReplicaCluster cluster({.replicas = 1});
    cluster.start_all();
    REQUIRE(cluster.await_primary());
    const std::string too_long(200, 'x');
    const std::string answer = converse(admin_socket(cluster, 1), too_long + "\n");
    CHECK(answer.find("\"error\"") != std::string::npos);
}

TEST_CASE("an idle cluster uses almost no processor", "[replica_processes]") {
    ReplicaCluster cluster({});
    cluster.start_all();
    REQUIRE(cluster.await_primary());
    const auto used = [&](ReplicaId id) {
        clockid_t clock{};
        timespec time{};
        REQUIRE(::clock_getcpuclockid(cluster.process(id), &clock) == 0);
        REQUIRE(::clock_gettime(clock, &time) == 0);
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    std::map<ReplicaId, std::chrono::nanoseconds> before;
    for (const ReplicaId id : cluster.ids())
        before[id] = used(id);
    std::this_thread::sleep_for(1s);
    for (const ReplicaId id : cluster.ids())
        CHECK(used(id) - before[id] < 100ms); // processor time: the machine's load does not count
}
