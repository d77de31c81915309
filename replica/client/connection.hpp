#pragma once

#include "replica/client/socket.hpp"
#include "replica/wire/channel.hpp"

#include <memory>

namespace faultlab::replica {

/// An authenticated connection of a client to one replica. Owned by one thread.
class Connection {
public:
    using Clock = Socket::Clock;

    /// Connects and shakes hands. Fails when the replica does not prove the key, or is another one
    /// than `channel.peer`.
    [[nodiscard]] static Result<Connection> open(const std::string& address,
                                                 std::uint16_t port,
                                                 const Channel::Settings& channel,
                                                 const Key& key,
                                                 Clock::time_point deadline);

    /// Whether the whole frame is on its way: a replica acts on whole frames only. When not, the
    /// connection is of no use any more.
    [[nodiscard]] bool send(const Header& header, Bytes body, Clock::time_point deadline);

    struct Received {
        Socket::Io io = Socket::Io::Ok;
        Message message; ///< when Ok; lives until the next call
    };
    /// The next message that is intact. Closed also when the replica breaks the protocol.
    [[nodiscard]] Received receive(Clock::time_point deadline);

private:
    Connection(Socket socket, std::unique_ptr<Channel> channel)
        : socket_(std::move(socket)), channel_(std::move(channel)) {}
    [[nodiscard]] Socket::Io read(Clock::time_point deadline);
    [[nodiscard]] Result<void> shake_hands(Clock::time_point deadline);

    Socket socket_;
    std::unique_ptr<Channel> channel_; // does not move
    std::vector<std::byte> out_;
};

} // namespace faultlab::replica
