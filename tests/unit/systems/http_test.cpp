#include "systems/http.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/systems/scripted_server.hpp"

#include <chrono>

using namespace faultlab;
using namespace faultlab::test;

namespace {

constexpr Nanos patience = 10 * second;
constexpr Nanos brief = 60 * millisecond;

HttpClient client_of(const ScriptedServer& server, std::size_t body_limit = 1 << 20) {
    return HttpClient({.address = "127.0.0.1", .port = server.port(), .body_limit = body_limit});
}

/// Executes and answers so many requests of each connection, then does the last thing to one more
/// request, which it executes too.
ScriptedServer::Script after_answers(int answers,
                                     const std::function<void(ServerConnection&)>& last) {
    return [answers, last](ServerConnection& connection, std::atomic<int>& executed) {
        for (int i = 0; i < answers; ++i) {
            if (!connection.read_request()) return;
            ++executed;
            connection.answer(200, "{}");
        }
        if (!connection.read_request()) return;
        ++executed;
        last(connection);
    };
}

} // namespace

TEST_CASE("answers come back with their status and body over one kept connection") {
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>& executed) {
        while (const auto body = connection.read_request()) {
            ++executed;
            connection.answer(executed == 2 ? 503 : 200, "<" + *body + ">");
        }
    });
    HttpClient client = client_of(server);
    for (int i = 1; i <= 3; ++i) {
        const HttpReply reply = client.post("/x", "{" + std::to_string(i) + "}", patience);
        REQUIRE(reply.problem == HttpProblem::none);
        CHECK(reply.status == (i == 2 ? 503 : 200));
        CHECK(reply.body == "<{" + std::to_string(i) + "}>");
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("a server that executes and closes without an answer counts one execution") {
    const int answered_before = GENERATE(0, 1, 5);
    const bool hard = GENERATE(false, true);
    CAPTURE(answered_before, hard);
    ScriptedServer server(after_answers(answered_before, [hard](ServerConnection& connection) {
        if (hard) connection.reset();
    }));
    HttpClient client = client_of(server);
    for (int i = 0; i < answered_before; ++i) {
        REQUIRE(client.post("/", "{}", patience).problem == HttpProblem::none);
    }
    const HttpReply reply = client.post("/", "{}", patience);
    CHECK(reply.problem == (hard ? HttpProblem::reset : HttpProblem::closed));
    CHECK(may_have_arrived(reply.problem));
    CHECK(server.executed() == answered_before + 1);
    CHECK(server.connections() == 1);
}

TEST_CASE("after a connection died the next call opens a fresh one") {
    ScriptedServer server(after_answers(0, [](ServerConnection&) {}));
    HttpClient client = client_of(server);
    for (int i = 1; i <= 3; ++i) {
        CHECK(client.post("/", "{}", patience).problem == HttpProblem::closed);
        CHECK(server.executed() == i);
    }
}

TEST_CASE("a kept connection that the server closed while it was idle is replaced unseen") {
    const bool hard = GENERATE(false, true);
    ScriptedServer server([hard](ServerConnection& connection, std::atomic<int>& executed) {
        if (!connection.read_request()) return;
        connection.answer(200, "{}");
        if (hard) connection.reset();
        connection.close();
        ++executed;
    });
    HttpClient client = client_of(server);
    for (int i = 1; i <= 3; ++i) {
        CHECK(client.post("/", "{}", patience).problem == HttpProblem::none);
        // The close is done when it is counted; loopback delivers it at once.
        REQUIRE(server.wait_executed(i));
    }
    CHECK(server.connections() == 3);
}

TEST_CASE("what was never connected is known not to be sent") {
    const RefusingPort nobody;
    HttpClient refused({.address = "127.0.0.1", .port = nobody.port()});
    CHECK(refused.post("/", "{}", patience).problem == HttpProblem::refused);
    HttpClient broadcast({.address = "255.255.255.255", .port = 1});
    CHECK_FALSE(may_have_arrived(broadcast.post("/", "{}", patience).problem));
    HttpClient nonsense({.address = "no address", .port = 1});
    CHECK(nonsense.post("/", "{}", patience).problem == HttpProblem::connect_failed);
    HttpClient late({.address = "127.0.0.1", .port = nobody.port()});
    CHECK(late.post("/", "{}", 0).problem == HttpProblem::connect_timeout);
}

TEST_CASE("a connection that is never accepted runs into the limit unsent") {
    // Nobody accepts, and the queue of one is full: the kernel drops what comes after.
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener, generic, size) == 0);
    REQUIRE(::listen(listener, 0) == 0);
    REQUIRE(::getsockname(listener, generic, &size) == 0);
    const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(filler, generic, size) == 0);
    HttpClient client({.address = "127.0.0.1", .port = ntohs(address.sin_port)});
    CHECK(client.post("/", "{}", brief).problem == HttpProblem::connect_timeout);
    ::close(filler);
    ::close(listener);
}

TEST_CASE("a server that hangs after the request costs the limit and leaves doubt") {
    const int answered_before = GENERATE(0, 2);
    ScriptedServer server(after_answers(
        answered_before, [](ServerConnection& connection) { connection.wait_closed(); }));
    HttpClient client = client_of(server);
    for (int i = 0; i < answered_before; ++i) {
        REQUIRE(client.post("/", "{}", patience).problem == HttpProblem::none);
    }
    const auto start = std::chrono::steady_clock::now();
    const HttpReply reply = client.post("/", "{}", brief);
    const auto took = std::chrono::steady_clock::now() - start;
    CHECK(reply.problem == HttpProblem::timeout);
    CHECK(took >= std::chrono::nanoseconds(brief));
    CHECK(server.wait_executed(answered_before + 1));
    CHECK(server.connections() == 1);
}

TEST_CASE("an answer that comes after the limit is not taken for the next one") {
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>& executed) {
        if (!connection.read_request()) return;
        if (executed++ == 0) connection.wait_closed();
        connection.answer(200, executed == 1 ? "old" : "new");
    });
    HttpClient client = client_of(server);
    CHECK(client.post("/", "{}", brief).problem == HttpProblem::timeout);
    CHECK(client.post("/", "{}", patience).body == "new");
}

TEST_CASE("bytes behind an answer make the connection suspect") {
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>&) {
        while (connection.read_request()) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nghost");
        }
    });
    HttpClient client = client_of(server);
    CHECK(client.post("/", "{}", patience).body == "{}");
    CHECK(client.post("/", "{}", patience).body == "{}");
    CHECK(server.connections() == 2);
}

TEST_CASE("an answer that asks to close is honoured") {
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>&) {
        if (!connection.read_request()) return;
        connection.answer(200, "{}", "Connection: close\r\n");
        connection.wait_closed();
    });
    HttpClient client = client_of(server);
    CHECK(client.post("/", "{}", patience).problem == HttpProblem::none);
    CHECK(client.post("/", "{}", patience).problem == HttpProblem::none);
    CHECK(server.connections() == 2);
}

TEST_CASE("a broken answer is no answer") {
    struct Case {
        const char* bytes;
        HttpProblem problem;
    };
    const Case given = GENERATE(values<Case>({
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":", HttpProblem::closed},
        {"HTTP/1.1 200 OK\r\nConte", HttpProblem::closed},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", HttpProblem::closed},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", HttpProblem::malformed},
        {"HTTP/1.1 200 OK\r\nContent-Length: lots\r\n\r\n", HttpProblem::malformed},
        {"HTTP/1.1 100 Continue\r\n\r\n", HttpProblem::malformed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", HttpProblem::too_long},
    }));
    CAPTURE(given.bytes);
    ScriptedServer server(
        after_answers(0, [&](ServerConnection& connection) { connection.send(given.bytes); }));
    HttpClient client = client_of(server);
    const HttpReply reply = client.post("/", "{}", patience);
    CHECK(to_string(reply.problem) == to_string(given.problem));
    CHECK(may_have_arrived(reply.problem));
    CHECK(server.executed() == 1);
}

TEST_CASE("an endless body or header is cut off") {
    const bool header = GENERATE(false, true);
    ScriptedServer server(after_answers(0, [header](ServerConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\n");
        connection.send(header ? "X: " : "\r\n");
        const std::string block(65536, 'x');
        for (int i = 0; i < 64; ++i)
            connection.send(block);
    }));
    HttpClient client = client_of(server, 100'000);
    CHECK(client.post("/", "{}", patience).problem == HttpProblem::too_long);
}

TEST_CASE("one limit holds for the whole call, however slowly the answer drips") {
    ScriptedServer server(after_answers(0, [](ServerConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (!connection.wait_closed(std::chrono::milliseconds(10)))
            connection.send("x");
    }));
    HttpClient client = client_of(server);
    CHECK(client.post("/", "{}", brief).problem == HttpProblem::timeout);
}

TEST_CASE("a request that was sent in part counts as sent") {
    // The server reads only the beginning; the request is larger than all socket buffers together.
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>&) {
        connection.read_part();
        connection.reset();
    });
    HttpClient client = client_of(server);
    const HttpReply reply = client.post("/", std::string(32 << 20, 'x'), patience);
    CHECK(may_have_arrived(reply.problem));
    CHECK(reply.problem == HttpProblem::reset);
}

TEST_CASE("a large request and a large answer go through") {
    ScriptedServer server([](ServerConnection& connection, std::atomic<int>&) {
        while (const auto body = connection.read_request())
            connection.answer(200, *body);
    });
    HttpClient client = client_of(server, 4 << 20);
    const std::string body((3 << 20) + 7, 'v');
    CHECK((client.post("/", body, patience).body == body));
}
