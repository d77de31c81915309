#pragma once

#include "replica/client/socket.hpp"
#include "replica/wire/admin.hpp"
#include "replica/wire/telemetry_text.hpp"

#include <string>

namespace faultlab::replica {

/// Asks one daemon's admin socket; keeps the connection while it works. Owned by one thread.
class AdminClient {
public:
    using Clock = Socket::Clock;

    explicit AdminClient(Socket socket) : socket_(std::move(socket)) {}

    [[nodiscard]] Result<Telemetry> status(Clock::time_point deadline);
    /// Events after `since`, none of which gets lost between two polls unless the page says so.
    [[nodiscard]] Result<EventPage> events(std::uint64_t since, Clock::time_point deadline);
    /// The answer's JSON, as it came. After an error the connection is of no use any more.
    [[nodiscard]] Result<std::string> ask(const AdminRequest& request, Clock::time_point deadline);

private:
    Socket socket_;
    std::string received_; ///< after the last answer
};

} // namespace faultlab::replica
