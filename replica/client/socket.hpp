#pragma once

#include "core/result.hpp"
#include "replica/core/types.hpp"

#include <chrono>
#include <string>

namespace faultlab::replica {

/// A connected stream socket whose every call has a deadline. Belongs to the network namespace of
/// the thread that made it; owned by one thread.
class Socket {
public:
    using Clock = std::chrono::steady_clock;

    /// `address` is IPv4 or IPv6 in numbers.
    [[nodiscard]] static Result<Socket>
    connect(const std::string& address, std::uint16_t port, Clock::time_point deadline);
    [[nodiscard]] static Result<Socket> connect_unix(const std::string& path,
                                                     Clock::time_point deadline);
    ~Socket();
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;

    enum class Io : std::uint8_t {
        Ok,
        Late,   ///< the deadline came first
        Closed, ///< by the other side, or broken
    };
    /// Ok: the kernel has taken all bytes. Otherwise some of them, but not all.
    [[nodiscard]] Io write(Bytes bytes, Clock::time_point deadline);
    struct Read {
        Io io = Io::Ok;
        std::size_t bytes = 0; ///< at least 1 when Ok
    };
    /// Whatever is there, at once; waits for the first byte.
    [[nodiscard]] Read read(std::span<std::byte> into, Clock::time_point deadline);

private:
    explicit Socket(int fd) : fd_(fd) {}
    void block_reads() const;

    int fd_;
};

} // namespace faultlab::replica
