#include "replica/daemon/network.hpp"

#include "replica/daemon/listen.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::replica {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr Nanos millisecond = 1'000'000;
/// For a TCP connection and its handshake. Short: another attempt follows at once.
constexpr Nanos handshake_limit = 500 * millisecond;
/// A tick that comes later than this found us stopped: nobody could be heard meanwhile.
constexpr Nanos late_tick = 300 * millisecond;
constexpr std::size_t most_clients = 1024;
constexpr std::size_t most_strangers = 256;
/// Messages of the largest size that a send queue holds.
constexpr std::size_t peer_queue = 64;

tcp::endpoint endpoint_of(const Endpoint& endpoint) {
    return {asio::ip::make_address(endpoint.address), endpoint.port};
}

Nanos since_origin() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

} // namespace

Network::Network(asio::io_context& io, Settings settings, const Key& key, Receiver& receiver)
    : io_(io), settings_(std::move(settings)), key_(key), receiver_(receiver), acceptor_(io),
      refusals_(settings_.cluster) {}

Network::~Network() {
    // Their handlers keep connections alive, and would find no owner.
    for (const Peer& peer : peers_) {
        if (peer.open) peer.open->abandon();
        if (peer.dialling) peer.dialling->abandon();
    }
    for (const Link& stranger : strangers_)
        stranger->abandon();
    for (const auto& [number, client] : clients_)
        client->abandon();
}

Result<void> Network::listen(const Endpoint& endpoint) {
    FAULTLAB_DO(listen_on(acceptor_, endpoint, "--listen"));
    accept();
    return {};
}

void Network::accept() {
    accepting_ = true;
    acceptor_.async_accept([this](const boost::system::error_code& problem, tcp::socket socket) {
        if (problem == asio::error::operation_aborted) return;
        accepting_ = false;
        if (problem) return; // out of descriptors, perhaps: the next tick tries again
        if (strangers_.size() < most_strangers) {
            boost::system::error_code gone; // it may have left already
            const std::string address = socket.remote_endpoint(gone).address().to_string();
            const Link link = make(std::move(socket), address, std::nullopt);
            strangers_.push_back(link);
            link->start(std::chrono::milliseconds(settings_.silence / millisecond));
        }
        accept();
    });
}

Network::Link
Network::make(tcp::socket socket, std::string address, std::optional<ReplicaId> dialled_peer) {
    const Channel::Settings settings{.dialled = dialled_peer.has_value(),
                                     .self = settings_.self,
                                     .peer = dialled_peer,
                                     .cluster = settings_.cluster,
                                     .message_bytes = settings_.message_bytes};
    // Who is accepted may be a peer: what it is shows later.
    const std::size_t queue_bytes = peer_queue * settings_.message_bytes;
    Connection::Owner& owner = *this;
    auto link = std::make_shared<Connection>(std::move(socket), settings, key_, queue_bytes, owner);
    link->address = std::move(address);
    link->dialled = dialled_peer;
    link->heard = since_origin();
    return link;
}

void Network::dial(ReplicaId id, const Endpoint& endpoint, Nanos now) {
    ++counters_.dials;
    const Link link =
        make(tcp::socket(io_), fmt::format("{}:{}", endpoint.address, endpoint.port), id);
    link->heard = now;
    peers_[id].dialling = link;
    link->socket().async_connect(
        endpoint_of(endpoint), [this, link](const boost::system::error_code& problem) {
            if (link->is_closed()) return;
            if (problem) {
                link->close();
            } else {
                link->start(std::chrono::milliseconds(settings_.silence / millisecond));
            }
        });
}

void Network::tick(Nanos now) {
    const Nanos stopped = last_tick_ != 0 && now - last_tick_ > late_tick ? now - last_tick_ : 0;
    last_tick_ = now;
    std::vector<Link> silent;
    const auto judge = [&](const Link& link, Nanos limit) {
        if (!link) return;
        link->heard += stopped;
        if (now - link->heard > limit) silent.push_back(link);
    };
    for (const Peer& peer : peers_) {
        judge(peer.open, settings_.silence);
        judge(peer.dialling, handshake_limit);
    }
    for (const Link& stranger : strangers_)
        judge(stranger, handshake_limit);
    for (const auto& [number, client] : clients_)
        judge(client, settings_.client_silence);
    for (const Link& link : silent) {
        ++counters_.silent;
        link->close();
    }
    if (!accepting_ && acceptor_.is_open()) accept();
    for (const auto& [id, endpoint] : settings_.peers) {
        const Peer& peer = peers_[id];
        if (id < settings_.self && !peer.open && !peer.dialling) dial(id, endpoint, now);
    }
}

void Network::established(const Link& link) {
    std::erase(strangers_, link);
    const ReplicaId id = link->channel().peer();
    if (id == no_replica) {
        if (clients_.size() >= most_clients) {
            link->close();
            return;
        }
        link->client_link = next_client_++;
        clients_.emplace(link->client_link, link);
        return;
    }
    Peer& peer = peers_[id];
    if (id > settings_.self) {
        const Link before = std::exchange(peer.open, link);
        if (before) before->close();
    } else if (peer.dialling == link) {
        peer.open = std::exchange(peer.dialling, nullptr);
    } else {
        link->close(); // we dial it, it does not dial us
    }
}

void Network::received(Connection& connection, const Message& message) {
    connection.heard = since_origin();
    receiver_.received(message, connection.channel().peer(), connection.client_link);
}

void Network::closed(Connection& connection) {
    const AuthReject reject = connection.channel().rejected();
    if (reject != AuthReject::None) note_refusal(connection, reject);
    std::erase_if(strangers_, [&](const Link& link) { return link.get() == &connection; });
    for (Peer& peer : peers_) {
        if (peer.open.get() == &connection) peer.open.reset();
        if (peer.dialling.get() == &connection) peer.dialling.reset();
    }
    if (connection.client_link != 0 && clients_.erase(connection.client_link) != 0) {
        receiver_.link_closed(connection.client_link);
    }
}

void Network::note_refusal(const Connection& connection, AuthReject reject) {
    ++counters_.rejects[static_cast<std::size_t>(reject)];
    const auto line = refusals_.refused({.address = connection.address,
                                         .dialled = connection.dialled,
                                         .claim = connection.channel().claim()},
                                        reject,
                                        since_origin());
    if (line) receiver_.refused(*line);
}

void Network::queue(const Link& link, const Header& header, Bytes body) {
    if (!link || link->is_closed() || !link->queue(header, body)) {
        ++counters_.dropped;
        return;
    }
    if (!std::exchange(link->dirty, true)) dirty_.push_back(link);
}

void Network::send(ReplicaId to, const Header& header, Bytes body) {
    queue(peers_[to].open, header, body);
}

void Network::reply(std::uint64_t client_link, const Header& header, Bytes body) {
    const auto client = clients_.find(client_link);
    queue(client == clients_.end() ? nullptr : client->second, header, body);
}

void Network::flush() {
    std::swap(dirty_, flushing_);
    for (const Link& link : flushing_) {
        link->dirty = false;
        link->flush();
    }
    flushing_.clear();
}

} // namespace faultlab::replica
