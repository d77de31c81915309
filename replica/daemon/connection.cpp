#include "replica/daemon/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

namespace faultlab::replica {

namespace asio = boost::asio;

Connection::Connection(asio::ip::tcp::socket socket,
                       const Channel::Settings& settings,
                       const Key& key,
                       std::size_t queue_bytes,
                       Owner& owner)
    : socket_(std::move(socket)), channel_(settings, key, random_nonce()), owner_(owner),
      queue_bytes_(queue_bytes) {}

void Connection::start(std::chrono::milliseconds patience) {
    boost::system::error_code ignored; // a connection without them is slower, not wrong
    ignored = socket_.non_blocking(true, ignored);
    ignored = socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    ignored = socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    const auto milliseconds = static_cast<unsigned>(patience.count());
    ::setsockopt(
        socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
    queue_handshake();
    flush();
    if (!closed_) read();
}

void Connection::read() {
    const std::span<std::byte> space = channel_.space();
    socket_.async_read_some(
        asio::buffer(space.data(), space.size()),
        [self = shared_from_this()](const boost::system::error_code& problem, std::size_t bytes) {
            self->on_read(problem, bytes);
        });
}

void Connection::on_read(const boost::system::error_code& problem, std::size_t bytes) {
    if (closed_) return;
    if (problem) {
        close();
        return;
    }
    const bool handshaking = !announced_;
    channel_.received(bytes);
    while (!closed_) {
        const auto message = channel_.next();
        queue_handshake();
        if (channel_.established() && !announced_) {
            announced_ = true;
            owner_.established(shared_from_this());
        }
        if (!message || closed_) break;
        owner_.received(*this, *message);
    }
    if (!closed_ && channel_.rejected() != AuthReject::None) close();
    if (!closed_ && handshaking) flush();
    if (!closed_) read();
}

void Connection::queue_handshake() {
    const std::vector<std::byte> bytes = channel_.take_handshake();
    out_.insert(out_.end(), bytes.begin(), bytes.end());
}

bool Connection::queue(const Header& header, Bytes body) {
    const std::size_t size = frame_overhead + sizeof header + body.size();
    if (out_.size() - sent_ + size > queue_bytes_) return false;
    channel_.seal(header, body, out_);
    return true;
}

void Connection::flush() {
    if (closed_ || waits_for_room_) return;
    while (sent_ < out_.size()) {
        boost::system::error_code problem;
        sent_ +=
            socket_.write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), problem);
        if (problem == asio::error::would_block) {
            waits_for_room_ = true;
            socket_.async_wait(asio::socket_base::wait_write,
                               [self = shared_from_this()](const boost::system::error_code& end) {
                                   self->waits_for_room_ = false;
                                   if (end) {
                                       self->close();
                                   } else {
                                       self->flush();
                                   }
                               });
            break;
        }
        if (problem) {
            close();
            return;
        }
    }
    // What was sent is cut off where that moves little.
    if (sent_ == out_.size()) {
        out_.clear();
        sent_ = 0;
    } else if (sent_ > out_.size() / 2) {
        out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
        sent_ = 0;
    }
}

void Connection::close() {
    if (closed_) return;
    abandon();
    owner_.closed(*this);
}

void Connection::abandon() {
    closed_ = true;
    boost::system::error_code ignored;
    ignored = socket_.close(ignored);
}

} // namespace faultlab::replica
