#pragma once

#include "core/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace faultlab {

/// What went wrong with one HTTP call. The line between what was surely not sent and what may have
/// arrived is the line between a definite failure and an unknown outcome.
enum class HttpProblem : std::uint8_t {
    none,
    // Surely not one byte of the request left this machine.
    refused,         ///< nobody listens there
    unreachable,     ///< no route to the host, or the network is down
    connect_timeout, ///< the limit was spent before anything was sent
    connect_failed,  ///< any other reason why there is no connection
    closed_unsent,   ///< a kept connection refused the first byte: it was dead already
    // The request, or a part of it, was sent.
    timeout,   ///< no complete answer within the limit
    reset,     ///< the connection broke before the answer was complete
    closed,    ///< the peer closed the connection before the answer was complete
    malformed, ///< what came is no HTTP answer
    too_long,  ///< the answer is longer than the client reads
};

/// One line for people, the same for every node: "connection refused".
[[nodiscard]] std::string_view to_string(HttpProblem problem);

/// Whether the peer may have seen the request.
[[nodiscard]] bool may_have_arrived(HttpProblem problem);

/// `status` and `body` are there if and only if `problem` is none.
struct HttpReply {
    HttpProblem problem = HttpProblem::none;
    int status = 0;
    std::string body;
};

/// A client of one HTTP/1.1 server that sends every request at most once. It connects when it has
/// to and keeps the connection while the answers allow it; after any doubt about the connection the
/// next call opens a fresh one. IPv4 only. Owned by one thread: sockets belong to the network
/// namespace of the thread that calls `post`.
class HttpClient {
public:
    struct Settings {
        std::string address; ///< IPv4
        std::uint16_t port = 0;
        std::size_t body_limit = std::size_t{8} << 20; ///< bytes of an answer
    };
    explicit HttpClient(Settings settings);
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    /// Sends `body` as JSON and waits for the answer, both within `limit`. Never throws for
    /// anything that the network or the server does. Any status is an answer.
    HttpReply post(std::string_view path, std::string_view body, Nanos limit);

private:
    struct Connection;
    std::unique_ptr<Connection> connection_;
};

} // namespace faultlab
