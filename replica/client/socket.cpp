#include "replica/client/socket.hpp"

#include "core/check.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace faultlab::replica {

namespace {

using Clock = Socket::Clock;

/// Whether the socket is ready for `events` (or broken) before the deadline.
bool wait(int fd, short events, Clock::time_point deadline) {
    while (true) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd waited{.fd = fd, .events = events, .revents = 0};
        const int limit = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
        const int ready = ::poll(&waited, 1, limit);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
        if (Clock::now() >= deadline) return false;
    }
}

/// Most that one call of recv waits: an answer then costs one call, where poll would make it three.
/// Less than this before its deadline, a read waits with poll, which keeps to the millisecond.
constexpr std::chrono::milliseconds slice{50};

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/// What connect needs: an address of either family.
struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Result<Endpoint> endpoint(const std::string& address, std::uint16_t port) {
    Endpoint made;
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&made.storage, &v4, sizeof v4);
        made.size = sizeof v4;
        return made;
    }
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&made.storage, &v6, sizeof v6);
        made.size = sizeof v6;
        return made;
    }
    return usage_error(fmt::format("\"{}\" is no IP address", address));
}

/// 0, or the errno with which the connection failed.
int connect_until(int fd, const Endpoint& to, Clock::time_point deadline) {
    const auto* address = reinterpret_cast<const sockaddr*>(&to.storage);
    if (::connect(fd, address, to.size) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait(fd, POLLOUT, deadline)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
}

} // namespace

Result<Socket>
Socket::connect(const std::string& address, std::uint16_t port, Clock::time_point deadline) {
    FAULTLAB_TRY(const Endpoint to, endpoint(address, port));
    Socket socket(
        ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    const int one = 1; // requests are small and wait for their answer: never hold them back
    if (socket.fd_ >= 0) {
        ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    const int failed = socket.fd_ < 0 ? errno : connect_until(socket.fd_, to, deadline);
    if (failed != 0) {
        return environment_error(fmt::format(
            "cannot connect to {}:{}: {}", address, port, std::generic_category().message(failed)));
    }
    socket.block_reads();
    return socket;
}

Result<Socket> Socket::connect_unix(const std::string& path, Clock::time_point deadline) {
    sockaddr_un name{};
    if (path.size() >= sizeof name.sun_path) {
        return usage_error(fmt::format("the path of a socket is too long: {}", path));
    }
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    Endpoint to;
    std::memcpy(&to.storage, &name, sizeof name);
    to.size = sizeof name;
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int failed = socket.fd_ < 0 ? errno : connect_until(socket.fd_, to, deadline);
    if (failed != 0) {
        return environment_error(
            fmt::format("cannot connect to {}: {}", path, std::generic_category().message(failed)));
    }
    socket.block_reads();
    return socket;
}

/// From now on recv waits up to a slice; other calls say that they do not.
void Socket::block_reads() const {
    timeval most{};
    most.tv_usec = std::chrono::microseconds(slice).count();
    // Without the one, the other would let a read wait for ever.
    FAULTLAB_CHECK(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == 0);
    FAULTLAB_CHECK(::fcntl(fd_, F_SETFL, 0) == 0);
}

Socket::~Socket() {
    if (fd_ >= 0) ::close(fd_);
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Socket::Io Socket::write(Bytes bytes, Clock::time_point deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
            continue;
        }
        if (!would_block()) return Io::Closed;
        if (!wait(fd_, POLLOUT, deadline)) return Io::Late;
    }
    return Io::Ok;
}

Socket::Read Socket::read(std::span<std::byte> into, Clock::time_point deadline) {
    while (true) {
        // A slice may be a tick of the kernel longer than it says.
        const bool in_kernel = deadline - Clock::now() >= 2 * slice;
        const ssize_t got = ::recv(fd_, into.data(), into.size(), in_kernel ? 0 : MSG_DONTWAIT);
        if (got > 0) return {Io::Ok, static_cast<std::size_t>(got)};
        if (got == 0 || !would_block()) return {Io::Closed};
        if (!in_kernel && !wait(fd_, POLLIN, deadline)) return {Io::Late};
    }
}

} // namespace faultlab::replica
