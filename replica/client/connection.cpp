#include "replica/client/connection.hpp"

#include <string>

namespace faultlab::replica {

Result<Connection> Connection::open(const std::string& address,
                                    std::uint16_t port,
                                    const Channel::Settings& channel,
                                    const Key& key,
                                    Clock::time_point deadline) {
    FAULTLAB_TRY(Socket socket, Socket::connect(address, port, deadline));
    Connection connection(std::move(socket),
                          std::make_unique<Channel>(channel, key, random_nonce()));
    FAULTLAB_DO(connection.shake_hands(deadline));
    return connection;
}

Socket::Io Connection::read(Clock::time_point deadline) {
    const Socket::Read read = socket_.read(channel_->space(), deadline);
    channel_->received(read.bytes);
    return read.io;
}

Result<void> Connection::shake_hands(Clock::time_point deadline) {
    while (!channel_->established()) {
        const std::vector<std::byte> ours = channel_->take_handshake();
        Socket::Io io = socket_.write(ours, deadline);
        if (io == Socket::Io::Ok) io = read(deadline);
        if (io == Socket::Io::Late) return environment_error("no handshake in time");
        if (io == Socket::Io::Closed) return environment_error("handshake refused");
        // A replica sends nothing before it was asked: there is no frame to lose here.
        static_cast<void>(channel_->next());
        if (channel_->rejected() != AuthReject::None) {
            return environment_error(std::string("replica refused: ") + name(channel_->rejected()));
        }
    }
    const std::vector<std::byte> proof = channel_->take_handshake();
    if (socket_.write(proof, deadline) != Socket::Io::Ok) {
        return environment_error("handshake refused");
    }
    return {};
}

bool Connection::send(const Header& header, Bytes body, Clock::time_point deadline) {
    out_.clear();
    channel_->seal(header, body, out_);
    return socket_.write(out_, deadline) == Socket::Io::Ok;
}

Connection::Received Connection::receive(Clock::time_point deadline) {
    while (true) {
        while (const auto message = channel_->next()) {
            if (intact(message->header, message->body)) return {Socket::Io::Ok, *message};
        }
        if (channel_->rejected() != AuthReject::None) return {Socket::Io::Closed, {}};
        const Socket::Io io = read(deadline);
        if (io != Socket::Io::Ok) return {io, {}};
    }
}

} // namespace faultlab::replica
