#include "replica/client/socket.hpp"
#include "tests/support/catch.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <utility>
#include <vector>

using namespace faultlab::replica;
using namespace std::chrono_literals;

namespace {

using Clock = Socket::Clock;

/// The other end of a socket, on loopback.
struct Peer {
    int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = -1;
    std::uint16_t port = 0;

    Peer() {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* address = reinterpret_cast<sockaddr*>(&any);
        socklen_t size = sizeof any;
        REQUIRE(::bind(listener, address, size) == 0);
        REQUIRE(::listen(listener, 1) == 0);
        REQUIRE(::getsockname(listener, address, &size) == 0);
        port = ntohs(any.sin_port);
    }
    ~Peer() {
        hang_up();
        ::close(listener);
    }
    Socket connected() {
        auto socket = Socket::connect("127.0.0.1", port, Clock::now() + 5s);
        REQUIRE(socket);
        fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        REQUIRE(fd >= 0);
        return *std::move(socket);
    }
    void say(std::size_t bytes) const {
        const std::vector<char> text(bytes, 'x');
        CHECK(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(text.size()));
    }
    void hang_up() {
        if (fd >= 0) ::close(std::exchange(fd, -1));
    }
};

} // namespace

TEST_CASE("a read waits for the first byte, however long it has been waiting") {
    Peer peer;
    Socket socket = peer.connected();
    std::array<std::byte, 64> bytes{};
    for (const auto after : {0ms, 20ms, 180ms}) {
        const std::jthread later([&] {
            std::this_thread::sleep_for(after);
            peer.say(7);
        });
        const Socket::Read read = socket.read(bytes, Clock::now() + 20s);
        CHECK(read.io == Socket::Io::Ok);
        CHECK(read.bytes == 7);
    }
}

TEST_CASE("a read takes all that is there in one call") {
    Peer peer;
    Socket socket = peer.connected();
    for (int i = 0; i < 3; ++i)
        peer.say(7);
    std::array<std::byte, 64> bytes{};
    std::size_t got = 0;
    while (got < 21) {
        const Socket::Read read = socket.read(std::span(bytes).subspan(got), Clock::now() + 20s);
        REQUIRE(read.io == Socket::Io::Ok);
        got += read.bytes;
    }
    CHECK(socket.read(bytes, Clock::now()).io == Socket::Io::Late);
}

TEST_CASE("a read without an answer ends at its deadline, near or far") {
    Peer peer;
    Socket socket = peer.connected();
    std::array<std::byte, 64> bytes{};
    for (const auto limit : {0ms, 30ms, 130ms, 310ms}) {
        const auto deadline = Clock::now() + limit;
        CHECK(socket.read(bytes, deadline).io == Socket::Io::Late);
        CHECK(Clock::now() >= deadline);
        CHECK(Clock::now() < deadline + 5s); // a machine may be slow; a hang is longer
    }
}

TEST_CASE("a peer that hangs up ends a read that waits") {
    Peer peer;
    Socket socket = peer.connected();
    const std::jthread later([&] {
        std::this_thread::sleep_for(20ms);
        peer.hang_up();
    });
    std::array<std::byte, 64> bytes{};
    CHECK(socket.read(bytes, Clock::now() + 20s).io == Socket::Io::Closed);
}

TEST_CASE("a write to a peer that does not read ends at its deadline") {
    Peer peer;
    Socket socket = peer.connected();
    const std::vector<std::byte> much(64U << 20U);
    const auto deadline = Clock::now() + 150ms;
    CHECK(socket.write(much, deadline) == Socket::Io::Late);
    CHECK(Clock::now() >= deadline);
}
