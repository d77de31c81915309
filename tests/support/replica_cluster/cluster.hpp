#pragma once

#include "replica/client/session.hpp"
#include "replica/core/telemetry.hpp"
#include "tests/support/command.hpp"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faultlab::test {

/// A port of the loopback interface that nobody else gets while this lives: bound, and not listened
/// on, so that a daemon with SO_REUSEADDR can take it, again after every restart.
class ReservedPort {
public:
    ReservedPort();
    ~ReservedPort();
    ReservedPort(const ReservedPort&) = delete;
    ReservedPort& operator=(const ReservedPort&) = delete;
    [[nodiscard]] std::uint16_t number() const { return number_; }

private:
    int descriptor_;
    std::uint16_t number_ = 0;
};

/// A cluster of faultlab-replica processes 1, 2, …: the first ones vote, the rest can join. The
/// processes die with this object, and with the thread that started them. Throws std::runtime_error
/// when something cannot be done. Owned by one thread; sessions may be used by others.
class ReplicaCluster {
public:
    struct Settings {
        std::size_t replicas = 3;
        std::size_t voters = 0;             ///< of them, at the beginning; 0: all
        std::vector<std::string> arguments; ///< more for each `run`
        bool journals = false;              ///< record inputs
    };
    explicit ReplicaCluster(Settings settings);
    ~ReplicaCluster();
    ReplicaCluster(const ReplicaCluster&) = delete;
    ReplicaCluster& operator=(const ReplicaCluster&) = delete;

    void start(replica::ReplicaId id, const std::vector<std::string>& more = {});
    void start_all();
    /// SIGKILL; returns when the process is gone.
    void kill(replica::ReplicaId id);
    void kill_all();
    void signal(replica::ReplicaId id, int number);
    /// How it ended: the exit code, or minus the signal; nothing when it still runs after `limit`.
    std::optional<int> wait(replica::ReplicaId id,
                            std::chrono::milliseconds limit = std::chrono::seconds(10));

    [[nodiscard]] replica::Session session(replica::ReplicaId first = replica::no_replica) const;
    /// Nothing when it does not answer.
    [[nodiscard]] std::optional<replica::Telemetry> status(replica::ReplicaId id) const;
    /// Waits until a replica that runs is Normal as a primary, at most for `limit`.
    [[nodiscard]] std::optional<replica::ReplicaId>
    await_primary(std::chrono::milliseconds limit = std::chrono::seconds(10)) const;

    [[nodiscard]] std::filesystem::path data(replica::ReplicaId id) const;
    [[nodiscard]] std::filesystem::path journal(replica::ReplicaId id) const;
    /// All that it wrote to stderr.
    [[nodiscard]] std::string messages(replica::ReplicaId id) const;
    [[nodiscard]] std::uint16_t admin_port(replica::ReplicaId id) const;
    [[nodiscard]] pid_t process(replica::ReplicaId id) const;
    [[nodiscard]] std::vector<replica::ReplicaId> ids() const;

private:
    struct Node {
        ReservedPort port;
        ReservedPort admin;
        pid_t process = -1;
    };
    [[nodiscard]] std::vector<std::string> command(replica::ReplicaId id) const;

    TemporaryDirectory directory_;
    Settings settings_;
    replica::Key key_;
    std::map<replica::ReplicaId, Node> nodes_;
};

/// Polls until it holds, at most for `limit`.
[[nodiscard]] bool await(const std::function<bool()>& holds,
                         std::chrono::milliseconds limit = std::chrono::seconds(10));

/// Again and again while it surely did not happen, as when nobody listens yet.
[[nodiscard]] replica::Execution execute(replica::Session& session,
                                         const replica::Operation& operation,
                                         std::chrono::milliseconds limit);

// Operations of one key, as most tests need them.
[[nodiscard]] replica::Execution write(replica::Session& session,
                                       std::int64_t key,
                                       std::int64_t value,
                                       std::chrono::milliseconds limit = std::chrono::seconds(5));
/// The value; nothing when the key is absent. Throws when the read did not succeed.
[[nodiscard]] std::optional<std::int64_t>
read(replica::Session& session,
     std::int64_t key,
     std::chrono::milliseconds limit = std::chrono::seconds(5));

} // namespace faultlab::test
