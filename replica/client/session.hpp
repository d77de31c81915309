#pragma once

#include "core/result.hpp"
#include "replica/core/config.hpp"
#include "replica/core/operations.hpp"
#include "replica/wire/key.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace faultlab::replica {

/// How an operation ended, for the one who asked for it.
struct Done {
    OperationResult result;
    Op op = 0; ///< the log entry that it was part of
};
/// It surely was not executed and never will be.
struct Failed {
    std::string why;
};
/// It may have been executed, or be executed later.
struct Unknown {
    std::string why;
};
using Execution = std::variant<Done, Failed, Unknown>;

/// A client's session with the store: one operation at a time, each executed at most once however
/// often it has to be sent. Blocking; owned by one thread; sockets belong to the network namespace
/// of the thread that calls `execute`. Opens its session at the first operation.
///
/// Why sending again is safe: a request is named by (client, session, request number), and the
/// client table executes each name once and answers repetitions from its cache, on every replica
/// and across view changes. So an operation keeps its number until it is resolved. One that is
/// unknown at its deadline leaves its number behind: unless the reply is there by then, the next
/// operation begins a new session under a new client id, so that no number ever names two
/// operations.
class Session {
public:
    using Clock = std::chrono::steady_clock;

    struct Node {
        ReplicaId id = no_replica;
        std::string address; ///< IPv4 or IPv6 in numbers
        std::uint16_t port = 0;
    };
    /// Mistakes of clients that can be switched on; false is correct.
    struct Bugs {
        /// V7: after an unknown outcome it goes on in the same session with the number that it
        /// believes to be free, instead of registering anew.
        bool no_register = false;
        /// B23: Busy for a repetition is taken for the end of the operation, although an earlier
        /// sending of it may be in the log.
        bool busy_is_fail = false;
    };
    struct Settings {
        std::vector<Node> nodes;      ///< at least one
        ReplicaId first = no_replica; ///< asked first; no_replica: the first of `nodes`
        /// Goes to other replicas when this one does not lead or is gone. Otherwise the client
        /// stays with its node, and asks what that one believes, stale or not.
        bool follow = false;
        std::uint64_t cluster = 0;
        Key key;
        std::uint32_t message_bytes = Limits{}.message_bytes;
        std::uint32_t request_bytes = Limits{}.request_bytes;
        std::uint32_t release = newest_release;
        std::chrono::milliseconds connect{1000}; ///< most for one connection with its handshake
        std::chrono::milliseconds resend{500};   ///< without an answer: send it again
        Bugs bugs;
    };

    explicit Session(Settings settings);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Asks for one operation. Returns by the deadline or a little (a scheduler's delay) after it.
    [[nodiscard]] Execution execute(const Operation& operation, Clock::time_point deadline);

    /// The replica that the last operation was sent to last: the one that answered it, if any did.
    /// no_replica: it was not sent.
    [[nodiscard]] ReplicaId asked() const;

    /// How often each planted bug changed what the client did.
    [[nodiscard]] std::uint64_t fired_no_register() const;
    [[nodiscard]] std::uint64_t fired_busy_is_fail() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace faultlab::replica
