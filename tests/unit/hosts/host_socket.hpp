#pragma once

#include "controller/hosts/descriptor.hpp"
#include "core/host.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include <stdexcept>
#include <string>
#include <thread>

namespace faultlab::hosts_test {

inline sockaddr_in socket_address(const std::string& address, int port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, address.c_str(), &result.sin_addr);
    return result;
}

/// A UDP socket on a host, made by a thread that enters the network namespace of a process there.
/// Datagrams show each direction by itself, which ping cannot.
class HostSocket {
public:
    static constexpr int port = 4000;

    explicit HostSocket(Host& host) : address_(host.address()) {
        const auto group = host.spawn({.name = "anchor", .argv = {"sleep", "1000"}});
        if (!group) throw std::runtime_error(group.error().text());
        std::jthread([&] {
            const auto path = "/proc/" + std::to_string(group->id) + "/ns/net";
            const Descriptor space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
            if (::setns(space.get(), CLONE_NEWNET) != 0) return;
            socket_ = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        }).join();
        const auto own = socket_address(address_, port);
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0) {
            throw std::runtime_error("bind on " + host.name());
        }
        if (!host.signal(*group, SIGKILL)) throw std::runtime_error("kill the anchor");
    }

    void send(const HostSocket& to) const {
        const auto other = socket_address(to.address_, port);
        ::sendto(
            socket_.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&other), sizeof(other));
    }
    /// Takes one datagram out of the queue; returns its sender's address, "" when none came.
    [[nodiscard]] std::string receive(int limit_ms) const {
        pollfd polled{.fd = socket_.get(), .events = POLLIN};
        if (::poll(&polled, 1, limit_ms) != 1) return "";
        char byte = 0;
        sockaddr_in from{};
        socklen_t length = sizeof(from);
        ::recvfrom(socket_.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &length);
        char text[INET_ADDRSTRLEN] = {};
        return ::inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text)) != nullptr ? text : "";
    }
    /// Whether a datagram gets through, when it may take a while.
    [[nodiscard]] bool reaches(const HostSocket& to) const {
        send(to);
        return to.receive(2000) == address_;
    }

private:
    std::string address_;
    Descriptor socket_;
};

} // namespace faultlab::hosts_test
