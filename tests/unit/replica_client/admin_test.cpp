#include "replica/client/admin.hpp"
#include "tests/support/catch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace faultlab::replica;
using namespace std::chrono_literals;

namespace {

/// Answers each line that one connection sends with the next of its answers, then closes.
class OneConnection {
public:
    OneConnection(int listener, std::vector<std::string> answers)
        : listener_(listener), thread_([listener, answers = std::move(answers)] {
              const int fd = ::accept(listener, nullptr, nullptr);
              std::string received;
              for (const std::string& answer : answers) {
                  while (received.find('\n') == std::string::npos) {
                      char byte = 0;
                      if (::recv(fd, &byte, 1, 0) != 1) break;
                      received += byte;
                  }
                  received.clear();
                  // In two pieces, so that a line has to be put together.
                  const std::size_t half = answer.size() / 2;
                  ::send(fd, answer.data(), half, MSG_NOSIGNAL);
                  ::send(fd, answer.data() + half, answer.size() - half, MSG_NOSIGNAL);
              }
              ::close(fd);
          }) {}
    ~OneConnection() {
        thread_.join();
        ::close(listener_);
    }
    OneConnection(const OneConnection&) = delete;
    OneConnection& operator=(const OneConnection&) = delete;

private:
    int listener_;
    std::jthread thread_;
};

std::pair<int, std::uint16_t> listen_tcp() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd, generic, size) == 0);
    REQUIRE(::listen(fd, 1) == 0);
    REQUIRE(::getsockname(fd, generic, &size) == 0);
    return {fd, ntohs(address.sin_port)};
}

Socket::Clock::time_point soon() {
    return Socket::Clock::now() + 20s;
}

} // namespace

TEST_CASE("an admin client reads status, then events, over one connection") {
    Telemetry telemetry;
    telemetry.head = 17;
    const EventPage page{.incarnation = 1, .next = 5, .events = {{.sequence = 5}}};
    const auto [listener, port] = listen_tcp();
    const OneConnection server(listener,
                               {to_json(telemetry) + "\n", to_json(page) + "\n{\"more\":1}\n"});
    auto socket = Socket::connect("127.0.0.1", port, soon());
    REQUIRE(socket);
    AdminClient client(std::move(socket).value());
    const auto status = client.status(soon());
    REQUIRE(status);
    CHECK(status->head == 17);
    const auto events = client.events(4, soon());
    REQUIRE(events);
    CHECK(events->next == 5);
    CHECK(events->events.size() == 1);
    const auto early = client.ask({.what = AdminRequest::What::Bugs}, soon());
    REQUIRE(early); // an answer that came with the last one is not lost
    CHECK(*early == "{\"more\":1}");
    CHECK_FALSE(client.ask({.what = AdminRequest::What::Bugs}, soon()));
}

TEST_CASE("an admin client says what went wrong") {
    const auto [listener, port] = listen_tcp();
    const OneConnection server(listener, {"{\"error\":\"no such request\"}\n", "{\"cut"});
    auto socket = Socket::connect("127.0.0.1", port, soon());
    REQUIRE(socket);
    AdminClient client(std::move(socket).value());
    const auto refused = client.status(soon());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("no such request") != std::string::npos);
    CHECK_FALSE(client.status(soon()));
}

TEST_CASE("a Unix socket serves as well, and its path has to be there") {
    const auto path =
        std::filesystem::temp_directory_path() / ("faultlab-admin-" + std::to_string(::getpid()));
    CHECK_FALSE(Socket::connect_unix(path, soon()));
    CHECK_FALSE(Socket::connect_unix(std::string(200, 'x'), soon()));
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd, 1) == 0);
    {
        const OneConnection server(fd, {"{}\n"});
        auto socket = Socket::connect_unix(path, soon());
        REQUIRE(socket);
        AdminClient client(std::move(socket).value());
        const auto answer = client.ask({.what = AdminRequest::What::Bugs}, soon());
        REQUIRE(answer);
        CHECK(*answer == "{}");
    }
    std::filesystem::remove(path);
}

TEST_CASE("a deadline ends waiting for a silent server, and text is no address") {
    const auto [listener, port] = listen_tcp();
    const OneConnection server(listener, {});
    auto socket = Socket::connect("127.0.0.1", port, soon());
    REQUIRE(socket);
    CHECK_FALSE(Socket::connect("localhost", 1, soon()));
    const auto [mute, mute_port] = listen_tcp(); // accepts by its backlog and never answers
    auto waiting = Socket::connect("127.0.0.1", mute_port, soon());
    REQUIRE(waiting);
    std::array<std::byte, 1> byte;
    CHECK(waiting->read(byte, Socket::Clock::now()).io == Socket::Io::Late);
    ::close(mute);
}
