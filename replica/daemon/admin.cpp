#include "replica/daemon/admin.hpp"

#include "replica/daemon/listen.hpp"
#include "replica/wire/admin.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

namespace faultlab::replica {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds pause{100}; ///< before another attempt to accept

} // namespace

/// One connection: lines are answered one after the other, an HTTP request ends it.
struct Admin::Visitor : std::enable_shared_from_this<Visitor> {
    static constexpr std::size_t most_bytes = 8192; ///< of an HTTP request's head

    Visitor(tcp::socket from, const Answers& served) : socket(std::move(from)), answers(served) {}

    void read_line() {
        asio::async_read_until(socket,
                               asio::dynamic_buffer(input, most_bytes),
                               '\n',
                               [self = shared_from_this()](const boost::system::error_code& problem,
                                                           std::size_t size) {
                                   if (!problem) self->take_line(size);
                               });
    }

    void take_line(std::size_t size) {
        const std::string line = input.substr(0, size - 1);
        if (line.starts_with("GET ")) {
            read_head(line.starts_with("GET /metrics ") || line.starts_with("GET /metrics\r"));
            return;
        }
        input.erase(0, size);
        const bool ends = line.size() > admin_line_bytes;
        output = answer(line) + "\n";
        asio::async_write(socket,
                          asio::buffer(output),
                          [self = shared_from_this(),
                           ends](const boost::system::error_code& problem, std::size_t) {
                              if (!problem && !ends) self->read_line();
                          });
    }

    [[nodiscard]] std::string answer(std::string_view line) const {
        const auto request = parse_admin_request(line);
        if (!request) return admin_error("no such request: status, events SINCE, bugs");
        switch (request->what) {
            case AdminRequest::What::Status: return answers.status();
            case AdminRequest::What::Events: return answers.events(request->since);
            case AdminRequest::What::Bugs: return answers.bugs();
        }
        return admin_error("no such request");
    }

    /// The rest of the head has to be read: closing on unread bytes resets the connection, and the
    /// answer with it.
    void read_head(bool metrics) {
        asio::async_read_until(socket,
                               asio::dynamic_buffer(input, most_bytes),
                               "\r\n\r\n",
                               [self = shared_from_this(),
                                metrics](const boost::system::error_code& problem, std::size_t) {
                                   if (!problem) self->answer_http(metrics);
                               });
    }

    void answer_http(bool metrics) {
        const std::string body = metrics ? answers.metrics() : "GET /metrics is all there is\n";
        output = fmt::format("HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4\r\n"
                             "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                             metrics ? "200 OK" : "404 Not Found",
                             body.size(),
                             body);
        asio::async_write(
            socket,
            asio::buffer(output),
            [self = shared_from_this()](const boost::system::error_code&, std::size_t) {
                boost::system::error_code ignored;
                ignored = self->socket.shutdown(tcp::socket::shutdown_both, ignored);
            });
    }

    tcp::socket socket;
    const Answers& answers;
    std::string input;
    std::string output;
};

Admin::Admin(asio::io_context& io, Answers answers)
    : answers_(std::move(answers)), acceptor_(io), retry_(io) {}

Result<void> Admin::listen(const Endpoint& endpoint) {
    FAULTLAB_DO(listen_on(acceptor_, endpoint, "--admin"));
    accept();
    return {};
}

void Admin::accept() {
    acceptor_.async_accept([this](const boost::system::error_code& problem, tcp::socket socket) {
        if (problem == asio::error::operation_aborted) return;
        if (problem) { // out of descriptors, perhaps
            retry_.expires_after(pause);
            retry_.async_wait([this](const boost::system::error_code& ended) {
                if (!ended) accept();
            });
            return;
        }
        std::make_shared<Visitor>(std::move(socket), answers_)->read_line();
        accept();
    });
}

} // namespace faultlab::replica
