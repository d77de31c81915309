#pragma once

#include "replica/core/operations.hpp"
#include "replica/wire/channel.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace faultlab::replica::test {

/// What a replica's socket does next with a request.
struct Act {
    Command command = Command::Reply;             ///< None: closes the connection
    std::vector<std::byte> body = {std::byte{0}}; ///< of a Reply; by default Outcome::Ok
    Op op = 0;
    std::uint64_t nonce = 0;
    std::uint64_t from = 0;
    RequestNumber request = 0; ///< 0: of the request
};

/// A replica on loopback that shakes hands and answers as a test tells it: it has no log at all. A
/// registration is answered with a session, every other request with what the script says.
class FakeReplica {
public:
    /// Given the index of the request among all but registrations; called by the replica's thread.
    using Script = std::function<Act(std::size_t index, const Header& request)>;

    FakeReplica(ReplicaId id, const Key& key, Script script);
    ~FakeReplica();
    FakeReplica(const FakeReplica&) = delete;
    FakeReplica& operator=(const FakeReplica&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Without registrations.
    [[nodiscard]] std::vector<Header> requests() const;
    [[nodiscard]] std::size_t registrations() const { return registrations_; }
    /// How many answers the client's socket holds or has held, those to registrations among them.
    [[nodiscard]] std::size_t answers() const { return answers_; }

    static constexpr std::uint64_t cluster = 7;

private:
    void serve(const std::stop_token& stop);
    bool serve_once(int fd, Channel& channel, const std::stop_token& stop);
    Act act(const Header& request);
    bool wait(int fd, const std::stop_token& stop) const;

    ReplicaId id_;
    Key key_;
    Script script_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::array<int, 2> wake_{-1, -1};
    mutable std::mutex mutex_;
    std::vector<Header> requests_; ///< guarded by mutex_
    std::atomic<std::size_t> registrations_ = 0;
    std::atomic<std::size_t> answers_ = 0;
    std::jthread thread_; // last: it uses all of the above
};

} // namespace faultlab::replica::test
