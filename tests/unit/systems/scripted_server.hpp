#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace faultlab::test {

/// One accepted connection, as the script of a ScriptedServer sees it.
class ServerConnection {
public:
    ServerConnection(int socket, const std::atomic<bool>& stopping)
        : socket_(socket), stopping_(stopping) {}
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;
    ~ServerConnection() { close(); }

    /// The body of the next request; empty when the client closed or the server stops.
    std::optional<std::string> read_request() {
        while (true) {
            const std::size_t head = received_.find("\r\n\r\n");
            if (head != std::string::npos) {
                const std::size_t length = content_length(head);
                if (received_.size() >= head + 4 + length) {
                    std::string body = received_.substr(head + 4, length);
                    received_.erase(0, head + 4 + length);
                    return body;
                }
            }
            if (!read_some()) return std::nullopt;
        }
    }

    /// Some bytes of what the client sends. False: it closed, or the server stops.
    bool read_part() { return read_some(); }

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    void answer(int status, std::string_view body, std::string_view headers = "") const {
        send("HTTP/1.1 " + std::to_string(status) +
             " Whatever\r\nContent-Type: application/json\r\n" + std::string(headers) +
             "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    }

    /// Waits until the client closes, at most so long. True: it closed, or the server stops.
    bool wait_closed(std::chrono::milliseconds limit = std::chrono::minutes(1)) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < deadline) {
            if (stopping_ || (readable() && !read_some())) return true;
        }
        return false;
    }

    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

    /// Closes so that the client gets RST.
    void reset() {
        const linger hard{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close();
    }

private:
    [[nodiscard]] std::size_t content_length(std::size_t head) const {
        const std::size_t at = received_.find("Content-Length: ");
        return at < head ? std::stoul(received_.substr(at + 16)) : 0;
    }

    [[nodiscard]] bool readable() const {
        pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
        return ::poll(&wanted, 1, 5) > 0;
    }

    bool read_some() {
        while (!stopping_) {
            if (!readable()) continue;
            char buffer[4096];
            const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            received_.append(buffer, static_cast<std::size_t>(got));
            return true;
        }
        return false;
    }

    int socket_;
    const std::atomic<bool>& stopping_;
    std::string received_;
};

/// A TCP server on a free port of 127.0.0.1 that does with each connection, one after the other,
/// what its script says. `executed` counts what the script chose to count.
class ScriptedServer {
public:
    using Script = std::function<void(ServerConnection&, std::atomic<int>& executed)>;

    explicit ScriptedServer(Script script) : script_(std::move(script)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, generic, &size) != 0) {
            throw std::runtime_error("cannot listen on loopback");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ~ScriptedServer() {
        stopping_ = true;
        thread_.join();
        ::close(listener_);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int executed() const { return executed_; }
    [[nodiscard]] int connections() const { return connections_; }

    /// Polls until the script has counted so many, at most 10 s.
    [[nodiscard]] bool wait_executed(int count) const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (executed_ < count && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::yield();
        }
        return executed_ >= count;
    }

private:
    void serve() {
        while (!stopping_) {
            pollfd wanted{.fd = listener_, .events = POLLIN, .revents = 0};
            if (::poll(&wanted, 1, 5) <= 0) continue;
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) continue;
            ++connections_;
            ServerConnection connection(socket, stopping_);
            script_(connection, executed_);
        }
    }

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> executed_ = 0;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

/// A port of 127.0.0.1 on which nobody listens: bound, but not listening, as long as this lives.
class RefusingPort {
public:
    RefusingPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(socket_, generic, size) != 0 || ::getsockname(socket_, generic, &size) != 0) {
            throw std::runtime_error("cannot bind on loopback");
        }
        port_ = ntohs(address.sin_port);
    }
    RefusingPort(const RefusingPort&) = delete;
    RefusingPort& operator=(const RefusingPort&) = delete;
    ~RefusingPort() { ::close(socket_); }
    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

} // namespace faultlab::test
