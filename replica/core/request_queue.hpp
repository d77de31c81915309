#pragma once

#include "replica/core/config.hpp"
#include "replica/core/message.hpp"
#include "replica/core/zeroed_bytes.hpp"

#include <vector>

namespace faultlab::replica {

class WordHash;

/// Requests that a primary has taken and not answered: those that wait for a prepare, in their
/// order, and those in the pipeline; at most one a client. All memory is taken at construction.
class RequestQueue {
public:
    /// Requires: limits.queue and limits.request_bytes are not 0.
    explicit RequestQueue(const Limits& limits);

    /// Requests that wait.
    [[nodiscard]] std::size_t waiting() const { return count_; }
    [[nodiscard]] bool full() const { return count_ == places_; }
    /// The request of this client that waits or is in the pipeline.
    struct Taken {
        ClientId client = 0;
        RequestNumber request = 0;
        std::uint64_t link = 0; ///< where its reply goes; 0: nowhere
    };
    [[nodiscard]] Taken* find(ClientId client);

    /// Requires: not full, it is that of a client, and none of this client is taken.
    void push(const Header& request, Bytes operation, std::uint64_t link);
    struct Waiting {
        Header header;
        Bytes operation;
    };
    /// The oldest that waits. Requires: waiting() > 0.
    [[nodiscard]] Waiting front() const;
    /// It is in the pipeline now.
    void pop();

    /// It was executed; returns its link, 0 when nobody here waits for it.
    std::uint64_t finish(ClientId client, RequestNumber request);
    void close(std::uint64_t link);
    /// Forgets what waits and what is in the pipeline.
    void clear();
    /// Asserts what is true of it between any two calls.
    void check() const;
    /// Adds what tells two states apart (Replica::fingerprint).
    void fingerprint(WordHash& hash) const;
    /// Those in the pipeline; fewer while one waits that an earlier primary's entry has answered:
    /// it is finished, and proposed all the same (the client table knows it for a duplicate).
    [[nodiscard]] std::size_t in_pipeline() const {
        return taken_.size() > count_ ? taken_.size() - count_ : 0;
    }
    /// Forgets only what waits: what is in the pipeline is not taken again (planted bug V8).
    void clear_waiting();

private:
    friend struct RequestQueueProbe; ///< tests break invariants from inside
    std::vector<Taken> taken_;       ///< by client
    struct Slot {
        Header header;
        std::uint32_t size = 0;
    };
    std::vector<Slot> slots_; ///< a ring
    ZeroedBytes operations_;
    std::size_t request_bytes_;
    std::size_t places_; ///< of the ring
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

} // namespace faultlab::replica
