#include "simulator/sealed_links.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace faultlab::simulator {
namespace {

using replica::AuthReject;
using replica::Channel;
using replica::Forgery;
using replica::Key;
using replica::Nonce;

/// Until who was refused dials again.
constexpr Nanos redial = 5'000'000;

template <std::size_t Size>
std::array<std::byte, Size> drawn(Rng& rng) {
    std::array<std::byte, Size> bytes;
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(rng.below(256));
    return bytes;
}

Key key_of(Rng& rng) {
    return Key(drawn<Key::size>(rng));
}

/// Gives the bytes to the channel; whether a frame came out.
bool feed(Channel& channel, Bytes bytes) {
    bool came = false;
    while (!bytes.empty() && channel.rejected() == AuthReject::None) {
        const auto space = channel.space();
        const std::size_t taken = std::min(bytes.size(), space.size());
        std::copy_n(bytes.begin(), taken, space.begin());
        channel.received(taken);
        bytes = bytes.subspan(taken);
        while (channel.next())
            came = true;
    }
    return came;
}

} // namespace

SealedLinks::SealedLinks(std::uint32_t message_bytes, Rng rng)
    : message_bytes_(message_bytes), rng_(std::move(rng)), key_(key_of(rng_)),
      other_key_(replica::wrong_key(key_)) {}

std::uint64_t SealedLinks::refused() const {
    return std::accumulate(refused_.begin(), refused_.end(), std::uint64_t{0});
}

void SealedLinks::note(Endpoint endpoint, const Channel& channel) {
    if (channel.rejected() != AuthReject::None && !wrong_.contains(endpoint))
        ++refused_.at(static_cast<std::size_t>(channel.rejected()));
}

std::unique_ptr<Channel> SealedLinks::end(Endpoint self, Endpoint other, bool dialled) {
    const auto id = [](Endpoint endpoint) {
        return is_client(endpoint) ? no_replica : static_cast<ReplicaId>(endpoint);
    };
    return std::make_unique<Channel>(Channel::Settings{.dialled = dialled,
                                                       .self = id(self),
                                                       .peer = id(other),
                                                       .cluster = 1,
                                                       .message_bytes = message_bytes_},
                                     wrong_.contains(self) ? other_key_ : key_,
                                     Nonce(drawn<std::tuple_size_v<Nonce>>(rng_)));
}

bool SealedLinks::open(Nanos now, const Ends& ends, Connection& connection) {
    if (now < connection.closed_until) return false;
    connection.lower = end(ends.first, ends.second, true);
    connection.upper = end(ends.second, ends.first, false);
    for (int turn = 0; turn < 2; ++turn) { // hellos, then proofs
        const std::vector<std::byte> of_lower = connection.lower->take_handshake();
        const std::vector<std::byte> of_upper = connection.upper->take_handshake();
        feed(*connection.upper, of_lower);
        feed(*connection.lower, of_upper);
    }
    note(ends.first, *connection.lower);
    note(ends.second, *connection.upper);
    if (connection.lower->established() && connection.upper->established()) {
        ++opened_;
        return true;
    }
    close(now, connection);
    return false;
}

void SealedLinks::close(Nanos now, Connection& connection) {
    connection.lower.reset();
    connection.upper.reset();
    connection.closed_until = now + redial;
}

bool SealedLinks::carry(Nanos now, const Packet& packet, std::optional<Forgery> forgery) {
    const Ends ends = std::minmax(packet.from, packet.to);
    Connection& connection = connections_[ends];
    if (connection.lower == nullptr && !open(now, ends, connection)) return false;
    const bool upwards = packet.from == ends.first;
    Channel& sender = upwards ? *connection.lower : *connection.upper;
    Channel& receiver = upwards ? *connection.upper : *connection.lower;
    std::vector<std::byte> frame;
    sender.seal(packet.header, packet.body, frame);
    if (forgery) replica::forge(*forgery, rng_.next(), frame);
    const bool came = feed(receiver, frame);
    FAULTLAB_CHECK(came != (receiver.rejected() != AuthReject::None));
    note(packet.to, receiver);
    if (!came) close(now, connection);
    return came;
}

void SealedLinks::set_wrong_key(Nanos now, Endpoint endpoint, bool wrong) {
    if (wrong) {
        wrong_.insert(endpoint);
    } else {
        wrong_.erase(endpoint);
    }
    for (auto& [ends, connection] : connections_) {
        if (ends.first == endpoint || ends.second == endpoint) close(now, connection);
    }
}

} // namespace faultlab::simulator
