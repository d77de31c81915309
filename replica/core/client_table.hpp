#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/checksum.hpp"
#include "replica/core/config.hpp"
#include "replica/core/snapshot_stream.hpp"

#include <vector>

namespace faultlab::replica {

/// Sessions and the last reply of each: part of the replicated state. Changed only by committed
/// ops, in their order, so that it is the same on every replica (VRR §4.1; sessions and their
/// deterministic eviction as in Raft's thesis §6.3).
class ClientTable {
public:
    ClientTable(const Limits& limits);

    enum class Answer : std::uint8_t {
        New,      ///< the next request of a session that is known
        Repeated, ///< the last request again: answer with the cached reply
        Old,      ///< before the last: drop it
        Gap,      ///< beyond the next: drop it
        Unknown,  ///< no such session
    };
    [[nodiscard]] Answer classify(ClientId client, SessionId session, RequestNumber request) const;

    struct Cached {
        SessionId session = 0;
        RequestNumber request = 0;
        Op op = 0;
        Bytes reply; ///< empty for a registration
        bool corrupt = false;
    };
    /// Null when the client has no session. The pointer lives until the next change.
    [[nodiscard]] const Cached* find(ClientId client) const;

    /// Opens a session, at most one a client; returns the client that lost its session for it, or
    /// 0: the one whose last committed op is the oldest.
    ClientId open(ClientId client, SessionId session, BugSet& bugs);
    /// Records the reply of a committed request. Requires: the session is known.
    void record(ClientId client, RequestNumber request, Op op, Bytes reply, BugSet& bugs);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::uint64_t evictions() const;
    [[nodiscard]] Checksum digest() const;
    void clear();
    /// In the order of client ids.
    void save(SnapshotWriter& out) const;
    bool load(SnapshotReader& in);

private:
    struct Entry;
    std::vector<Entry> entries_;
    std::vector<std::byte> replies_;
    std::size_t request_bytes_;
    std::uint64_t evictions_ = 0;
};

} // namespace faultlab::replica
