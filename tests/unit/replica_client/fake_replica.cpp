#include "tests/unit/replica_client/fake_replica.hpp"

#include "core/check.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faultlab::replica::test {

FakeReplica::FakeReplica(ReplicaId id, const Key& key, Script script)
    : id_(id), key_(key), script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    FAULTLAB_CHECK(::bind(listener_, generic, size) == 0);
    FAULTLAB_CHECK(::listen(listener_, 8) == 0);
    FAULTLAB_CHECK(::getsockname(listener_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    FAULTLAB_CHECK(::pipe(wake_.data()) == 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

FakeReplica::~FakeReplica() {
    thread_.request_stop();
    static_cast<void>(::write(wake_[1], "x", 1) == 1);
    thread_.join();
    for (const int fd : {listener_, wake_[0], wake_[1]}) {
        ::close(fd);
    }
}

std::vector<Header> FakeReplica::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

bool FakeReplica::wait(int fd, const std::stop_token& stop) const {
    std::array<pollfd, 2> waited{pollfd{fd, POLLIN, 0}, pollfd{wake_[0], POLLIN, 0}};
    return ::poll(waited.data(), waited.size(), -1) > 0 && !stop.stop_requested();
}

/// One connection after another: a client has one at a time.
void FakeReplica::serve(const std::stop_token& stop) {
    while (wait(listener_, stop)) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        Channel channel({.self = id_, .cluster = cluster}, key_, random_nonce());
        while (serve_once(fd, channel, stop)) {
        }
        ::close(fd);
    }
}

Act FakeReplica::act(const Header& request) {
    if (request.request == 0) return {.op = 100 + ++registrations_};
    std::size_t index = 0;
    {
        const std::lock_guard lock(mutex_);
        index = requests_.size();
        requests_.push_back(request);
    }
    return script_(index, request);
}

/// Sends what there is to send, then reads once; false when the connection is to be closed.
bool FakeReplica::serve_once(int fd, Channel& channel, const std::stop_token& stop) {
    std::vector<std::byte> out;
    std::size_t answers = 0;
    while (const auto message = channel.next()) {
        const Act next = act(message->header);
        if (next.command == Command::None) return false;
        Header header = message->header;
        header.command = next.command;
        header.replica = id_;
        header.op = next.op;
        header.nonce = next.nonce;
        header.from = next.from;
        if (next.request != 0) header.request = next.request;
        seal(header, next.body);
        channel.seal(header, next.body, out);
        ++answers;
    }
    const std::vector<std::byte> handshake = channel.take_handshake();
    out.insert(out.begin(), handshake.begin(), handshake.end());
    if (!out.empty()) {
        const ssize_t sent = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(out.size())) return false;
        answers_ += answers;
    }
    if (channel.rejected() != AuthReject::None || !wait(fd, stop)) return false;
    const std::span<std::byte> space = channel.space();
    const ssize_t got = ::recv(fd, space.data(), space.size(), 0);
    if (got <= 0) return false;
    channel.received(static_cast<std::size_t>(got));
    return true;
}

} // namespace faultlab::replica::test
