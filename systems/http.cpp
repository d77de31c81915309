#include "systems/http.hpp"

#include "core/types.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace faultlab {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

HttpProblem problem_of_connect(const error_code& error) {
    if (error == asio::error::connection_refused) return HttpProblem::refused;
    if (error == beast::error::timeout || error == asio::error::timed_out) {
        return HttpProblem::connect_timeout;
    }
    if (error == asio::error::host_unreachable || error == asio::error::network_unreachable ||
        error == asio::error::network_down) {
        return HttpProblem::unreachable;
    }
    return HttpProblem::connect_failed;
}

HttpProblem problem_of_exchange(const error_code& error) {
    if (error == beast::error::timeout || error == asio::error::timed_out) {
        return HttpProblem::timeout;
    }
    if (error == http::error::end_of_stream || error == http::error::partial_message) {
        return HttpProblem::closed;
    }
    if (error == http::error::body_limit || error == http::error::header_limit ||
        error == http::error::buffer_overflow) {
        return HttpProblem::too_long;
    }
    const bool from_parser =
        error.category() == make_error_code(http::error::bad_version).category();
    return from_parser ? HttpProblem::malformed : HttpProblem::reset;
}

/// A connection that idles in peace has nothing to read: neither an end, nor an error, nor bytes
/// that nobody asked for. To look is not to send, so a dead one may be replaced without doubt.
bool is_idle(int socket) {
    char byte = 0;
    ssize_t got = 0;
    do {
        got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

} // namespace

std::string_view to_string(HttpProblem problem) {
    switch (problem) {
        case HttpProblem::none: return "none";
        case HttpProblem::refused: return "connection refused";
        case HttpProblem::unreachable: return "host unreachable";
        case HttpProblem::connect_timeout: return "timed out while connecting";
        case HttpProblem::connect_failed: return "could not connect";
        case HttpProblem::closed_unsent: return "connection closed before sending";
        case HttpProblem::timeout: return "timed out after sending";
        case HttpProblem::reset: return "connection reset after sending";
        case HttpProblem::closed: return "connection closed after sending";
        case HttpProblem::malformed: return "malformed HTTP answer";
        case HttpProblem::too_long: return "answer too long";
    }
    return "unknown problem";
}

bool may_have_arrived(HttpProblem problem) {
    return problem == HttpProblem::none || problem >= HttpProblem::timeout;
}

struct HttpClient::Connection {
    explicit Connection(Settings given) : settings(std::move(given)) {}

    /// Runs one asynchronous operation to its end, in this thread.
    template <class Start>
    std::pair<error_code, std::size_t> finish(Start start) {
        std::pair<error_code, std::size_t> outcome;
        start([&outcome](error_code error, std::size_t bytes = 0) { outcome = {error, bytes}; });
        context.restart();
        context.run();
        return outcome;
    }

    HttpProblem open(SteadyTime deadline) {
        error_code error;
        const auto address = asio::ip::make_address_v4(settings.address, error);
        if (error) return HttpProblem::connect_failed;
        stream = std::make_unique<beast::tcp_stream>(context);
        stream->expires_at(deadline);
        error = finish([&](auto handler) {
                    stream->async_connect({address, settings.port}, std::move(handler));
                }).first;
        if (error) {
            stream.reset();
            return problem_of_connect(error);
        }
        // Requests are small and wait for their answers: nothing is gained by collecting them.
        const int on = 1;
        ::setsockopt(stream->socket().native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return HttpProblem::none;
    }

    HttpProblem send(std::string_view path, std::string_view body) {
        http::request<http::string_body> request{
            http::verb::post, beast::string_view(path.data(), path.size()), 11};
        request.set(http::field::host, settings.address);
        request.set(http::field::content_type, "application/json");
        request.body() = body;
        request.prepare_payload();
        const auto [error, bytes] =
            finish([&](auto handler) { http::async_write(*stream, request, std::move(handler)); });
        if (!error) return HttpProblem::none;
        // A failed write that took no byte left none with the kernel either.
        if (bytes == 0 && error != beast::error::timeout) return HttpProblem::closed_unsent;
        return problem_of_exchange(error);
    }

    HttpReply receive() {
        beast::flat_buffer buffer;
        http::response_parser<http::string_body> parser;
        parser.body_limit(settings.body_limit);
        const error_code error = finish([&](auto handler) {
                                     http::async_read(*stream, buffer, parser, std::move(handler));
                                 }).first;
        if (error) return {.problem = problem_of_exchange(error)};
        const int status = static_cast<int>(parser.get().result_int());
        // We never ask for an interim answer; the final one would be taken for that of the next
        // request.
        if (status < 200) return {.problem = HttpProblem::malformed};
        keep = parser.keep_alive() && buffer.size() == 0;
        return {.status = status, .body = std::move(parser.get().body())};
    }

    HttpReply post(std::string_view path, std::string_view body, Nanos limit) {
        const SteadyTime deadline =
            std::chrono::steady_clock::now() + std::chrono::nanoseconds(limit);
        if (limit <= 0) return {.problem = HttpProblem::connect_timeout};
        if (stream && !is_idle(stream->socket().native_handle())) stream.reset();
        if (!stream) {
            const HttpProblem problem = open(deadline);
            if (problem != HttpProblem::none) return {.problem = problem};
        }
        stream->expires_at(deadline);
        keep = false;
        HttpReply reply{.problem = send(path, body)};
        if (reply.problem == HttpProblem::none) reply = receive();
        if (!keep) stream.reset();
        return reply;
    }

    Settings settings;
    asio::io_context context{1};
    std::unique_ptr<beast::tcp_stream> stream; ///< null: not connected
    bool keep = false;                         ///< the last answer leaves the connection usable
};

HttpClient::HttpClient(Settings settings)
    : connection_(std::make_unique<Connection>(std::move(settings))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

HttpReply HttpClient::post(std::string_view path, std::string_view body, Nanos limit) {
    return connection_->post(path, body, limit);
}

} // namespace faultlab
