#pragma once

#include "core/rng.hpp"
#include "replica/wire/forgeries.hpp"
#include "simulator/network.hpp"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace faultlab::simulator {

/// The authenticated connections of real replicas and clients (replica/wire/channel.hpp) under the
/// packets of a simulated network: each that arrives is sealed by its sender's end and opened by
/// its receiver's. Who refuses a frame closes the connection, and what comes is lost until it is
/// open again, with new nonces. Owned by one thread.
class SealedLinks {
public:
    SealedLinks(std::uint32_t message_bytes, Rng rng);

    /// Whether the packet comes through. `forgery` is what is done to its frame on the way.
    bool carry(Nanos now, const Packet& packet, std::optional<replica::Forgery> forgery = {});
    /// From now on this one opens connections with another key, or with the right one again; those
    /// that are open end.
    void set_wrong_key(Nanos now, Endpoint endpoint, bool wrong);

    /// How often somebody who has the key refused something as this.
    [[nodiscard]] std::uint64_t refused(replica::AuthReject why) const {
        return refused_.at(static_cast<std::size_t>(why));
    }
    [[nodiscard]] std::uint64_t refused() const;
    /// How often connections were opened.
    [[nodiscard]] std::uint64_t opened() const { return opened_; }

private:
    struct Connection {
        std::unique_ptr<replica::Channel> lower; ///< of the end with the lower number: it dials
        std::unique_ptr<replica::Channel> upper;
        Nanos closed_until = 0;
    };
    using Ends = std::pair<Endpoint, Endpoint>; ///< the lower first

    bool open(Nanos now, const Ends& ends, Connection& connection);
    void close(Nanos now, Connection& connection);
    void note(Endpoint endpoint, const replica::Channel& channel);
    [[nodiscard]] std::unique_ptr<replica::Channel>
    end(Endpoint self, Endpoint other, bool dialled);

    std::uint32_t message_bytes_;
    Rng rng_;
    replica::Key key_;
    replica::Key other_key_;
    std::set<Endpoint> wrong_;
    std::map<Ends, Connection> connections_;
    std::array<std::uint64_t, replica::auth_reject_count> refused_{};
    std::uint64_t opened_ = 0;
};

} // namespace faultlab::simulator
