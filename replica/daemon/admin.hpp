#pragma once

#include "core/result.hpp"
#include "replica/daemon/options.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace faultlab::replica {

/// Serves the admin protocol (replica/wire/admin.hpp) and, for whoever speaks HTTP to the same
/// port, `GET /metrics`. It only reads. Owned by the thread that runs the io_context.
class Admin {
public:
    struct Answers {
        std::function<std::string()> status;
        std::function<std::string(std::uint64_t since)> events;
        std::function<std::string()> bugs;
        std::function<std::string()> metrics; ///< Prometheus' text
    };

    Admin(boost::asio::io_context& io, Answers answers);

    [[nodiscard]] Result<void> listen(const Endpoint& endpoint);

private:
    struct Visitor;
    void accept();

    Answers answers_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer retry_; ///< of an accept that failed
};

} // namespace faultlab::replica
