#include "core/rng.hpp"
#include "replica/core/client_table.hpp"
#include "tests/support/trips.hpp"

#include <map>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

Limits small() {
    Limits limits;
    limits.clients = 4;
    limits.request_bytes = 64;
    return limits;
}

Bytes text(std::string_view characters) {
    return std::as_bytes(std::span(characters));
}

std::vector<std::byte> save(const ClientTable& table) {
    std::vector<std::byte> buffer(ClientTable::snapshot_bytes(small()));
    SnapshotWriter writer(buffer);
    table.save(writer);
    REQUIRE_FALSE(writer.overflow());
    buffer.resize(writer.size());
    return buffer;
}

bool load(ClientTable& table, Bytes bytes) {
    SnapshotReader reader(bytes);
    return table.load(reader) && reader.remaining() == 0;
}

using Answer = ClientTable::Answer;

} // namespace

TEST_CASE("A session answers its last request again and takes only the next", "[replica_state]") {
    BugSet bugs;
    ClientTable table(small());
    CHECK(table.classify(7, 1, 1, bugs) == Answer::Unknown);
    CHECK_FALSE(table.find(7, bugs));
    CHECK(table.open(7, 10, bugs) == 0);
    CHECK(table.classify(7, 10, 1, bugs) == Answer::New);
    CHECK(table.classify(7, 11, 1, bugs) == Answer::Unknown);
    CHECK(table.classify(7, 10, 2, bugs) == Answer::Gap);
    table.record(7, 1, 12, text("one"));
    table.record(7, 2, 14, text("two"));
    CHECK(table.classify(7, 10, 1, bugs) == Answer::Old);
    CHECK(table.classify(7, 10, 2, bugs) == Answer::Repeated);
    CHECK(table.classify(7, 10, 3, bugs) == Answer::New);
    const auto cached = table.find(7, bugs);
    REQUIRE(cached);
    CHECK(cached->session == 10);
    CHECK(cached->request == 2);
    CHECK(cached->op == 14);
    CHECK(std::ranges::equal(cached->reply, text("two")));
    CHECK_FALSE(cached->corrupt);
    CHECK(table.open(7, 20, bugs) == 0); // the client began anew
    CHECK(table.size() == 1);
    CHECK(table.classify(7, 10, 3, bugs) == Answer::Unknown);
    CHECK(table.find(7, bugs)->reply.empty());
}

TEST_CASE("A full table evicts the session whose last op is the oldest", "[replica_state]") {
    BugSet bugs;
    ClientTable table(small());
    for (const ClientId client : {40U, 30U, 20U, 10U}) {
        table.open(client, 5, bugs); // of one batch
    }
    table.record(10, 1, 6, text("a"));
    CHECK(table.open(50, 7, bugs) == 20); // 20, 30 and 40 are equally old
    table.record(30, 1, 8, text("b"));
    CHECK(table.open(60, 9, bugs) == 40);
    CHECK(table.open(70, 10, bugs) == 10);
    CHECK(table.size() == 4);
    CHECK(table.evictions() == 3);
    CHECK(table.classify(10, 5, 2, bugs) == Answer::Unknown);
}

TEST_CASE("Tables of equal sessions are equal, however they came about", "[replica_state]") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Rng rng(seed);
        BugSet bugs;
        ClientTable table(small());
        std::map<ClientId, std::pair<SessionId, RequestNumber>> sessions;
        for (Op op = 1; op < 60; ++op) {
            const ClientId client = 1 + rng.below(6);
            if (const auto known = sessions.find(client);
                known != sessions.end() && rng.chance(3, 4)) {
                const std::string reply(rng.below(65), static_cast<char>(rng.below(256)));
                table.record(client, ++known->second.second, op, text(reply));
            } else {
                sessions.erase(table.open(client, op, bugs));
                sessions[client] = {op, 0};
            }
            REQUIRE(table.size() == sessions.size());
            for (const auto& [id, session] : sessions) {
                REQUIRE(table.classify(id, session.first, session.second + 1, bugs) == Answer::New);
            }
        }
        const std::vector<std::byte> saved = save(table);
        ClientTable loaded(small());
        loaded.open(99, 1, bugs);
        REQUIRE(load(loaded, saved));
        CHECK(loaded.digest() == table.digest());
        CHECK(save(loaded) == saved);
        CHECK(loaded.evictions() == table.evictions());
        // Both go on alike.
        CHECK(loaded.open(1000, 60, bugs) == table.open(1000, 60, bugs));
        CHECK(loaded.digest() == table.digest());
        loaded.record(1000, 1, 61, text("x"));
        table.record(1000, 1, 61, text("y"));
        CHECK(loaded.digest() != table.digest());
    }
}

TEST_CASE("Bytes that are no client table leave an empty one", "[replica_state]") {
    BugSet bugs;
    ClientTable table(small());
    table.open(1, 1, bugs);
    table.open(2, 2, bugs);
    table.record(2, 1, 3, text("reply"));
    const std::vector<std::byte> good = save(table);
    for (std::size_t size = 0; size < good.size(); ++size) {
        ClientTable other(small());
        CHECK_FALSE(load(other, Bytes(good).first(size)));
        CHECK(other.size() == 0);
        CHECK(other.digest() == Checksum{});
    }
    Rng rng(1);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::byte> bad = good;
        bad[rng.below(bad.size())] = static_cast<std::byte>(rng.next());
        ClientTable other(small());
        SnapshotReader reader(bad);
        CHECK((other.load(reader) || other.size() == 0));
    }
}

TEST_CASE("A reply whose bytes are bad is known to be", "[replica_state]") {
    BugSet bugs;
    ClientTable table(small());
    table.open(2, 2, bugs);
    table.record(2, 1, 3, text("reply"));
    std::vector<std::byte> saved = save(table);
    saved.back() ^= std::byte{1};
    ClientTable other(small());
    REQUIRE(load(other, saved));
    CHECK(other.find(2, bugs)->corrupt);
    bugs.set(replica::Bug::B13);
    CHECK_FALSE(other.find(2, bugs)->corrupt);
    CHECK_FALSE(table.find(2, bugs)->corrupt);
    CHECK(bugs.fired(replica::Bug::B13) == 1);
}

TEST_CASE("The client table refuses what makes no sense", "[replica_state]") {
    BugSet bugs;
    ClientTable table(small());
    CHECK_TRIPS("session-name", table.open(0, 1, bugs));
    CHECK_TRIPS("session-name", table.open(1, 0, bugs));
    CHECK_TRIPS("session-known", table.record(1, 1, 1, {}));
}

TEST_CASE("V9: a reply that made room for another client's is forgotten", "[replica_state]") {
    BugSet bugs;
    bugs.set(replica::Bug::V9);
    ClientTable table(small());
    table.open(1, 1, bugs);
    table.open(2, 2, bugs);
    table.record(1, 1, 3, text("a"));
    CHECK(table.classify(1, 1, 1, bugs) == Answer::Repeated);
    CHECK(bugs.fired(replica::Bug::V9) == 0);
    table.record(2, 1, 4, text("b"));
    CHECK(table.classify(1, 1, 1, bugs) == Answer::New);
    CHECK(bugs.fired(replica::Bug::V9) == 1);
}

TEST_CASE("V10: processes evict different sessions", "[replica_state]") {
    std::map<ClientId, int> evicted;
    std::uint64_t fired = 0;
    for (std::uint64_t salt = 1; salt <= 8; ++salt) {
        BugSet bugs;
        bugs.set(replica::Bug::V10);
        ClientTable table(small(), salt);
        for (ClientId client = 1; client <= 4; ++client) {
            table.open(client, client, bugs);
        }
        const ClientId victim = table.open(5, 5, bugs);
        ++evicted[victim];
        CHECK(bugs.fired(replica::Bug::V10) == (victim == 1 ? 0U : 1U));
        fired += bugs.fired(replica::Bug::V10);
    }
    CHECK(evicted.size() > 1);
    CHECK(fired > 0);
}
