#pragma once

#include "core/host.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace faultlab::faults_test {

/// A socket that lives on a host: whatever thread uses it, its packets are that host's.
class HostSocket {
public:
    /// On the host on which this process runs.
    HostSocket(ProcessGroup process, int type) {
        std::string failure;
        std::thread([&] {
            const std::string path = "/proc/" + std::to_string(process.id) + "/ns/net";
            const int space = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
            if (space < 0 || ::setns(space, CLONE_NEWNET) != 0) failure = std::strerror(errno);
            ::close(space);
            number_ = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
        }).join();
        if (!failure.empty()) throw std::runtime_error("cannot enter a host: " + failure);
    }
    explicit HostSocket(int number) : number_(number) {}
    HostSocket(HostSocket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    HostSocket& operator=(HostSocket&&) = delete;
    ~HostSocket() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const { return number_; }

    /// Throws when nothing came in time.
    void limit(int milliseconds) const {
        const timeval time{.tv_sec = milliseconds / 1000,
                           .tv_usec = (milliseconds % 1000) * suseconds_t{1000}};
        ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
        ::setsockopt(number_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
    }

private:
    int number_ = -1;
};

inline sockaddr_in ip(const std::string& address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &result.sin_addr);
    return result;
}

inline const sockaddr* any(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

} // namespace faultlab::faults_test
