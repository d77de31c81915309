#include "replica/core/client_table.hpp"
#include "tests/support/trips.hpp"

// A table with the sessions of clients 10, 20 and 30, and room for a fourth, is broken from inside.
namespace faultlab::replica {

namespace {

Limits small(std::uint32_t clients = 4, std::uint32_t request_bytes = 64) {
    Limits limits;
    limits.clients = clients;
    limits.request_bytes = request_bytes;
    return limits;
}

ClientTable three_sessions() {
    ClientTable table(small());
    BugSet bugs;
    for (const ClientId client : {ClientId{10}, ClientId{20}, ClientId{30}}) {
        REQUIRE(table.open(client, client, bugs) == 0);
    }
    return table;
}

} // namespace

struct ClientTableProbe {
    using Table = ClientTable;

    static void save(const Table& table) {
        std::array<std::byte, 1024> bytes{};
        SnapshotWriter out(bytes);
        table.save(out);
    }
    static std::vector<Breach<Table>> of_questions() {
        return {
            {"sessions-some", [](Table&) { const Table none(small(0)); }},
            {"sessions-reply-bytes", [](Table&) { const Table none(small(4, 0)); }},
            {"session-nameless",
             [](Table& table) {
                 table.entries_[table.order_[0]].session = 0;
                 save(table);
             }},
            {"session-reply-bytes",
             [](Table& table) {
                 BugSet bugs;
                 table.entries_[table.order_[0]].reply_bytes = 65;
                 (void)table.find(10, bugs);
             }},
            {"evict-someone",
             [](Table& table) {
                 BugSet bugs;
                 table.clear();
                 (void)table.oldest(bugs);
             }},
            {"sessions-are-counted",
             [](Table& table) {
                 table.free_.clear();
                 table.check();
             }},
            {"sessions-are-placed",
             [](Table& table) {
                 table.order_.front() = 4;
                 table.check();
             }},
            {"sessions-are-summed",
             [](Table& table) {
                 table.clear();
                 table.digest_.add(Checksum{1, 2});
                 table.check();
             }},
            {"sessions-are-ordered",
             [](Table& table) {
                 std::swap(table.order_.front(), table.order_.back());
                 table.check();
             }},
            {"sessions-ascend",
             [](Table& table) {
                 std::swap(table.order_[0], table.order_[1]);
                 save(table);
             }},
            {"session-request-op",
             [](Table& table) {
                 table.record(10, 1, 10, {});
                 save(table);
             }},
            {"session-op-falls",
             [](Table& table) {
                 table.entries_[table.order_[0]].op = 9;
                 save(table);
             }},
        };
    }

    static std::vector<Breach<Table>> of_changes() {
        return {
            {"sessions-memory",
             [](Table& table) {
                 std::vector<Table::Place>().swap(table.order_);
                 table.clear();
             }},
            {"sessions-free-memory",
             [](Table& table) {
                 std::vector<Table::Place>().swap(table.free_);
                 table.clear();
             }},
            {"session-place",
             [](Table& table) {
                 table.free_.clear();
                 table.add(0, {.client = 1}, {});
             }},
            {"session-after", [](Table& table) { table.add(3, {.client = 30}, {}); }},
            {"session-before", [](Table& table) { table.add(0, {.client = 10}, {}); }},
            {"sessions-added",
             [](Table& table) {
                 table.free_.push_back(0);
                 table.add(0, {.client = 1}, {});
             }},
            {"session-to-remove", [](Table& table) { table.remove(3); }},
            {"sessions-removed",
             [](Table& table) {
                 table.free_.push_back(0);
                 table.remove(1);
             }},
            {"sessions-empty-digest",
             [](Table& table) {
                 table.digest_.add(Checksum{1, 2});
                 for (int session = 0; session < 3; ++session)
                     table.remove(0);
             }},
            {"session-replaces-older",
             [](Table& table) {
                 BugSet bugs;
                 table.open(20, 20, bugs);
             }},
        };
    }
};

TEST_CASE("Assertions of the client table about questions trip", "[replica_state]") {
    check_breaches(three_sessions, ClientTableProbe::of_questions());
}

TEST_CASE("Assertions of the client table about changes trip", "[replica_state]") {
    check_breaches(three_sessions, ClientTableProbe::of_changes());
}

} // namespace faultlab::replica
