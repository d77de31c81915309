#pragma once

#include "core/result.hpp"
#include "replica/core/input.hpp"
#include "replica/daemon/connection.hpp"
#include "replica/daemon/options.hpp"
#include "replica/daemon/refusal_log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace faultlab::replica {

/// Links to peers and clients, all on one port. Of two replicas the one with the larger id dials,
/// and the newest connection between two is the one that counts. A link may lose messages, never
/// reorders them. Owned by the thread that runs the io_context.
///
/// A partition swallows packets without a word, and TCP then waits twice as long before each
/// attempt, up to minutes: it would be dead long after the partition is over. So a peer of which
/// nothing came for `silence` (peers ping each other) loses its connection and is dialled anew.
/// Clients say nothing while they want nothing, so theirs is kept for `client_silence`: a client
/// whose host is gone would hold one of the few links for ever.
class Network : private Connection::Owner {
public:
    class Receiver {
    public:
        virtual ~Receiver() = default;
        virtual void
        received(const Message& message, ReplicaId from, std::uint64_t client_link) = 0;
        virtual void link_closed(std::uint64_t client_link) = 0;
        /// A line for people about somebody who was not let in, or was cut off.
        virtual void refused(const std::string& line) = 0;
    };
    struct Settings {
        ReplicaId self = no_replica;
        std::uint64_t cluster = 0;
        std::uint32_t message_bytes = 0;
        std::map<ReplicaId, Endpoint> peers;
        Nanos silence = 0;
        /// Of a client's link: then it is closed. A client that still wants something comes back,
        /// since its session is in the log and not in the link.
        Nanos client_silence = 600'000'000'000;
    };
    struct Counters {
        std::uint64_t dropped = 0; ///< messages: no connection, or no room
        std::uint64_t silent = 0;  ///< connections given up
        std::uint64_t dials = 0;
        std::array<std::uint64_t, auth_reject_count> rejects{};
    };

    Network(boost::asio::io_context& io, Settings settings, const Key& key, Receiver& receiver);
    ~Network() override;

    /// Takes connections from now on.
    [[nodiscard]] Result<void> listen(const Endpoint& endpoint);
    /// Call every few hundredths of a second: dials, and gives up what is silent.
    void tick(Nanos now);

    void send(ReplicaId to, const Header& header, Bytes body);
    void reply(std::uint64_t client_link, const Header& header, Bytes body);
    /// Sends everything queued since the last call.
    void flush();
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    using Link = std::shared_ptr<Connection>;
    struct Peer {
        Link open;     ///< has proved itself
        Link dialling; ///< has not yet
    };

    void accept();
    void dial(ReplicaId id, const Endpoint& endpoint, Nanos now);
    Link make(boost::asio::ip::tcp::socket socket,
              std::string address,
              std::optional<ReplicaId> dialled_peer);
    void note_refusal(const Connection& connection, AuthReject reject);
    void queue(const Link& link, const Header& header, Bytes body);

    void established(const Link& link) override;
    void received(Connection& connection, const Message& message) override;
    void closed(Connection& connection) override;

    boost::asio::io_context& io_;
    Settings settings_;
    Key key_;
    Receiver& receiver_;
    boost::asio::ip::tcp::acceptor acceptor_;
    bool accepting_ = false;
    std::array<Peer, max_replica_id + 1> peers_;
    std::vector<Link> strangers_; ///< accepted, and not yet proved to be anybody
    std::map<std::uint64_t, Link> clients_;
    std::uint64_t next_client_ = 1;
    std::vector<Link> dirty_;
    std::vector<Link> flushing_;
    Nanos last_tick_ = 0;
    Counters counters_;
    RefusalLog refusals_;
};

} // namespace faultlab::replica
