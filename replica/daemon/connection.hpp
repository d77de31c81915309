#pragma once

#include "replica/wire/channel.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faultlab::replica {

/// One authenticated TCP connection. Reads by itself; sends what was queued when it is flushed, so
/// that many messages share a system call. Memory is bounded: a frame in, `queue_bytes` out.
/// Made by std::make_shared; owned by the thread that runs the io_context.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    /// What the owner hears, all from within the io_context. Nothing after `closed`.
    class Owner {
    public:
        virtual ~Owner() = default;
        /// The other end has proved who it is: channel().peer().
        virtual void established(const std::shared_ptr<Connection>& connection) = 0;
        virtual void received(Connection& connection, const Message& message) = 0;
        virtual void closed(Connection& connection) = 0;
    };

    Connection(boost::asio::ip::tcp::socket socket,
               const Channel::Settings& settings,
               const Key& key,
               std::size_t queue_bytes,
               Owner& owner);

    /// Begins the handshake on a connected socket. `patience`: how long unacknowledged bytes may
    /// stay so before the kernel gives the connection up.
    void start(std::chrono::milliseconds patience);
    /// Queues a message; false when there is no room, and it is dropped. Requires: established.
    bool queue(const Header& header, Bytes body);
    /// Sends what is queued, as far as the socket takes it; the rest follows by itself.
    void flush();
    /// Tells the owner, unless it is closed already.
    void close();
    /// Closes without telling the owner, who is going away.
    void abandon();

    [[nodiscard]] const Channel& channel() const { return channel_; }
    [[nodiscard]] bool is_closed() const { return closed_; }
    [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return socket_; }

    /// For the owner: names a client's connection; 0 for a peer's.
    std::uint64_t client_link = 0;
    /// For the owner: where the other end is, and whom it dialled there, if it did.
    std::string address;
    std::optional<ReplicaId> dialled;
    /// For the owner: when it was opened or anything last came (monotonic).
    Nanos heard = 0;
    /// For the owner: queued and not flushed yet.
    bool dirty = false;

private:
    void read();
    void on_read(const boost::system::error_code& problem, std::size_t bytes);
    void queue_handshake();

    boost::asio::ip::tcp::socket socket_;
    Channel channel_;
    Owner& owner_;
    std::size_t queue_bytes_;
    std::vector<std::byte> out_;
    std::size_t sent_ = 0; ///< of out_
    bool waits_for_room_ = false;
    bool announced_ = false;
    bool closed_ = false;
};

} // namespace faultlab::replica
