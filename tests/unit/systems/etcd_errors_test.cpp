#include "systems/etcd/errors.hpp"
#include "systems/etcd/parts.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/systems/scripted_server.hpp"

#include <algorithm>
#include <functional>
#include <set>

using namespace faultlab;
using namespace faultlab::test;

namespace {

constexpr Nanos patience = 10 * second;

std::unique_ptr<Client> client_at(std::uint16_t port, bool versioned = false) {
    return etcd::make_client(
        {.endpoint = {.address = "127.0.0.1", .port = port}, .versioned = versioned});
}

const Invocation write_op{.f = "write", .key = "x", .arg = 1};
const Invocation read_op{.f = "read", .key = "x"};
const Invocation cas_op{.f = "cas", .key = "x", .arg = Value::List{0, 1}};

std::string kind_of(const Completion& completion) {
    if (std::holds_alternative<Done>(completion)) return "done";
    return std::holds_alternative<Failed>(completion) ? "failed" : "unknown";
}

std::string why_of(const Completion& completion) {
    if (const auto* failed = std::get_if<Failed>(&completion)) return failed->why;
    if (const auto* unknown = std::get_if<Unknown>(&completion)) return unknown->why;
    return "";
}

struct Reply {
    int status;
    std::string body;
};

/// What etcd 3.4 (grpc-gateway 1.9) and 3.5 (1.16) answer for one and the same error.
std::vector<Reply> replies_of(int status, int code, const std::string& message) {
    const std::string quoted = "\"" + message + "\"";
    const std::string number = std::to_string(code);
    return {{status,
             R"({"error":)" + quoted + R"(,"message":)" + quoted + R"(,"code":)" + number + "}"},
            {status,
             R"({"error":)" + quoted + R"(,"code":)" + number + R"(,"message":)" + quoted + "}"}};
}

struct Case {
    const char* message;
    int status; ///< as the gateway translates the code
    int code;   ///< of gRPC
    bool definite;
};

// The messages that the two versions can give to a put or a transaction, in their own words.
const std::vector<Case> cases = {
    {"etcdserver: too many requests", 429, 8, true},
    {"etcdserver: request is too large", 400, 3, true},
    {"etcdserver: no leader", 503, 14, true},
    {"etcdserver: not leader", 400, 9, true},
    {"etcdserver: not capable", 503, 14, true},
    {"etcdserver: rpc not supported for learner", 503, 14, true},
    {"raft proposal dropped", 500, 2, true},
    {"etcdserver: key is not provided", 400, 3, true},
    {"etcdserver: duplicate key given in txn request", 400, 3, true},
    {"etcdserver: too many operations in txn request", 400, 3, true},
    {"etcdserver: permission denied", 403, 7, true},
    {"etcdserver: invalid auth token", 401, 16, true},
    {"etcdserver: user name is empty", 400, 3, true},
    {"etcdserver: revision of auth store is old", 400, 3, true},
    {"etcdserver: request timed out", 503, 14, false},
    {"etcdserver: request timed out, possibly due to previous leader failure", 503, 14, false},
    {"etcdserver: request timed out, possibly due to connection lost", 503, 14, false},
    {"etcdserver: request timed out, waiting for the applied index took too long", 503, 14, false},
    {"etcdserver: leader changed", 503, 14, false},
    {"etcdserver: server stopped", 503, 14, false},
    {"etcdserver: request cancelled", 500, 2, false},
    {"etcdserver: request canceled", 408, 1, false},
    {"context deadline exceeded", 504, 4, false},
    {"context canceled", 408, 1, false},
    {"etcdserver: mvcc: database space exceeded", 429, 8, false},
    {"etcdserver: corrupt cluster", 500, 15, false},
    {"transport is closing", 503, 14, false},
    {"grpc: received message larger than max (2250008 vs. 2097152)", 429, 8, false},
    {"something that no version has said so far", 400, 3, false},
};

} // namespace

TEST_CASE("each message of 3.4 and 3.5 gives writes the class it deserves and fails reads") {
    for (const Case& given : cases) {
        for (const Reply& reply : replies_of(given.status, given.code, given.message)) {
            CAPTURE(given.message, reply.body);
            ScriptedServer server([&](ServerConnection& connection, std::atomic<int>& executed) {
                while (connection.read_request()) {
                    ++executed;
                    connection.answer(reply.status, reply.body);
                }
            });
            const auto client = client_at(server.port());
            for (const Invocation& op : {write_op, cas_op}) {
                const Completion completion = client->invoke(op, patience);
                CHECK(kind_of(completion) == (given.definite ? "failed" : "unknown"));
                CHECK(why_of(completion) == given.message);
            }
            const Completion read = client->invoke(read_op, patience);
            CHECK(kind_of(read) == "failed");
            CHECK(why_of(read) == given.message);
            CHECK(server.executed() == 3);
        }
    }
}

TEST_CASE("an error without words of etcd is told by its status") {
    const auto [status, body, definite] = GENERATE(table<int, const char*, bool>({
        {404, "Not Found\n", true},
        {503, "", false},
        {502, "<html>bad gateway</html>", false},
        {429, "{\"code\":8}", false},
        {500, "{\"message\":7}", false},
    }));
    ScriptedServer server([&](ServerConnection& connection, std::atomic<int>&) {
        while (connection.read_request())
            connection.answer(status, body);
    });
    const Completion completion = client_at(server.port())->invoke(write_op, patience);
    CHECK(kind_of(completion) == (definite ? "failed" : "unknown"));
    CHECK(why_of(completion) == "HTTP " + std::to_string(status));
}

TEST_CASE("an answer of 200 that is none leaves the outcome unknown") {
    const std::string body =
        GENERATE(as<std::string>{}, "", "{}", "[]", "null", "{\"header\":7}", "{\"header\":{");
    CAPTURE(body);
    ScriptedServer server([&](ServerConnection& connection, std::atomic<int>&) {
        while (connection.read_request())
            connection.answer(200, body);
    });
    auto client = client_at(server.port());
    CHECK(kind_of(client->invoke(write_op, patience)) == "unknown");
    CHECK(kind_of(client->invoke(cas_op, patience)) == "unknown");
    CHECK(kind_of(client->invoke(read_op, patience)) == "failed");
    client = client_at(server.port(), true);
    CHECK(kind_of(client->invoke(write_op, patience)) == "unknown");
}

TEST_CASE("a transaction that succeeded without the read it ends with is unknown") {
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>&) {
        while (connection.read_request())
            connection.answer(200, R"({"header":{},"succeeded":true,"responses":[{}]})");
    });
    const auto client = client_at(server.port(), true);
    CHECK(kind_of(client->invoke(write_op, patience)) == "unknown");
}

TEST_CASE("a transaction without a comparison that says it compared false is unknown") {
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>&) {
        while (connection.read_request())
            connection.answer(200, R"({"header":{}})");
    });
    const auto client = client_at(server.port(), true);
    CHECK(kind_of(client->invoke(write_op, patience)) == "unknown");
}

TEST_CASE("a client whose server executes and then is silent counts one execution, unknown") {
    const int answered_before = GENERATE(0, 3);
    const std::string last =
        GENERATE(as<std::string>{}, "close", "reset", "half", "garbage", "hang");
    CAPTURE(answered_before, last);
    ScriptedServer server([&](ServerConnection& connection, std::atomic<int>& executed) {
        for (int i = 0; i < answered_before; ++i) {
            if (!connection.read_request()) return;
            ++executed;
            connection.answer(200, R"({"header":{"revision":"2"}})");
        }
        if (!connection.read_request()) return;
        ++executed;
        if (last == "reset") connection.reset();
        if (last == "half") connection.send("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"hea");
        if (last == "garbage") connection.send("\x16\x03\x01 not for you\r\n\r\n");
        if (last == "hang") connection.wait_closed();
    });
    const auto client = client_at(server.port());
    for (int i = 0; i < answered_before; ++i)
        CHECK(kind_of(client->invoke(write_op, patience)) == "done");
    const Nanos limit = last == "hang" ? 50 * millisecond : patience;
    CHECK(kind_of(client->invoke(write_op, limit)) == "unknown");
    CHECK(server.wait_executed(answered_before + 1));
    CHECK(server.executed() == answered_before + 1);
}

TEST_CASE("a client that finds nobody fails and says why") {
    const RefusingPort nobody;
    const Completion completion = client_at(nobody.port())->invoke(write_op, patience);
    CHECK(kind_of(completion) == "failed");
    CHECK(why_of(completion) == "connection refused");
}

TEST_CASE("every problem of the connection has its row, definite when nothing was sent") {
    const auto table = etcd::error_table();
    for (int i = 1; i <= static_cast<int>(HttpProblem::too_long); ++i) {
        const auto problem = static_cast<HttpProblem>(i);
        const auto row = std::ranges::find(table, to_string(problem), &ErrorRule::error);
        CAPTURE(to_string(problem));
        REQUIRE(row != table.end());
        CHECK(row->definite == !may_have_arrived(problem));
        CHECK(etcd::is_definite(row->error) == row->definite);
    }
}

TEST_CASE("the table of errors has a reason in every row and no row twice") {
    std::set<std::string> seen;
    for (const ErrorRule& row : etcd::error_table()) {
        CAPTURE(row.error);
        CHECK_FALSE(row.why.empty());
        CHECK(seen.insert(row.error).second);
    }
}
