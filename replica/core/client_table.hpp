#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/digest_sum.hpp"
#include "replica/core/snapshot_stream.hpp"
#include "replica/core/zeroed_bytes.hpp"

#include <optional>
#include <vector>

namespace faultlab::replica {

/// Sessions and the last reply of each: part of the replicated state. Changed only by committed
/// ops, in their order, so that it is the same on every replica (VRR §4.1; sessions and their
/// deterministic eviction as in Raft's thesis §6.3).
class ClientTable {
public:
    /// `salt` stands for what differs between processes, such as the seed of a hash table. Nothing
    /// depends on it, but for planted bug V10.
    /// Requires: limits.clients and limits.request_bytes are not 0.
    explicit ClientTable(const Limits& limits, std::uint64_t salt = 0);

    enum class Answer : std::uint8_t {
        New,      ///< the next request of a session that is known
        Repeated, ///< the last request again: answer with the cached reply
        Old,      ///< before the last: drop it
        Gap,      ///< beyond the next: drop it
        Unknown,  ///< no such session
    };
    /// Requires: session and request are not 0 (a registration has no session yet).
    [[nodiscard]] Answer
    classify(ClientId client, SessionId session, RequestNumber request, BugSet& bugs) const;

    struct Cached {
        SessionId session = 0;
        RequestNumber request = 0;
        Op op = 0;
        Bytes reply;          ///< empty for a registration
        bool corrupt = false; ///< the reply's bytes are not what they were
    };
    /// Nothing when the client has no session. The reply lives until the next change. Requires: the
    /// client is not 0.
    [[nodiscard]] std::optional<Cached> find(ClientId client, BugSet& bugs) const;

    /// Opens a session, at most one a client, known by the op that commits it; returns the client
    /// that lost its session for it, or 0: the one whose last committed op is the oldest. A session
    /// that the client had is replaced. Requires: client and session are not 0.
    ClientId open(ClientId client, SessionId session, BugSet& bugs);
    /// Records the reply of a committed request. Requires: the session is known, neither request
    /// nor op is below those that it had, and the reply has at most request_bytes.
    void record(ClientId client, RequestNumber request, Op op, Bytes reply);

    [[nodiscard]] std::size_t size() const { return order_.size(); }
    [[nodiscard]] std::uint64_t evictions() const { return evictions_; }
    /// A sum over the sessions and their replies, kept up to date by every change.
    [[nodiscard]] const Checksum& digest() const { return digest_.value(); }
    /// The most that `save` can write.
    [[nodiscard]] static std::uint64_t snapshot_bytes(const Limits& limits);
    void clear();
    /// Asserts what is true of it between any two calls.
    void check() const;
    /// In the order of client ids.
    void save(SnapshotWriter& out) const;
    /// Replaces everything; false when the bytes are no table (then it is empty).
    bool load(SnapshotReader& in);

private:
    friend struct ClientTableProbe; ///< tests break invariants from inside
    /// Trivially copyable: saved as it lies in memory.
    struct Entry {
        ClientId client = 0;
        SessionId session = 0;
        RequestNumber request = 0;
        Op op = 0;
        Checksum reply_checksum;
        std::uint64_t reply_bytes = 0;
    };
    using Place = std::uint32_t;

    /// Where the client is in `order_`, or would be.
    [[nodiscard]] std::size_t position(ClientId client) const;
    [[nodiscard]] bool known(ClientId client, std::size_t position) const;
    [[nodiscard]] Bytes reply(Place place) const;
    [[nodiscard]] Op newest() const;
    /// The position of the session to evict.
    [[nodiscard]] std::size_t oldest(BugSet& bugs) const;
    void add(std::size_t position, const Entry& entry, Bytes reply);
    void remove(std::size_t position);

    std::vector<Entry> entries_;
    ZeroedBytes replies_;      ///< request_bytes_ for each of entries_
    std::vector<Place> order_; ///< those in use, ascending by client
    std::vector<Place> free_;
    std::size_t request_bytes_;
    std::uint64_t salt_;
    std::uint64_t evictions_ = 0;
    DigestSum digest_;
};

} // namespace faultlab::replica
