#pragma once

#include "replica/core/input.hpp"
#include "replica/core/message.hpp"

#include <string_view>

namespace faultlab::replica {

/// Something that changed and that a monitor may want to know at once; gauges are in Telemetry.
enum class EventKind : std::uint8_t {
    StatusChanged,  ///< a: Status, b: Status before
    ViewEntered,    ///< a: view, b: 1 as primary
    ViewInstalled,  ///< a: view, b: op of the installed log
    Appended,       ///< a: op, b: view (in memory; not durable yet)
    Acknowledged,   ///< a: op, b: view (PrepareOk, or the primary's own)
    Committed,      ///< a: op, b: view; checksum: of the entry
    Digest,         ///< a: op; checksum: of the state after op
    Checkpointed,   ///< a: op; checksum: of the snapshot
    Truncated,      ///< a: first op dropped, b: last
    SessionEvicted, ///< a: client, b: op
    EpochEntered,   ///< a: epoch, b: config op
    FeatureActive,  ///< a: release, b: op
    Abdicated,      ///< a: view
    Repaired,       ///< a: op
    SyncStarted,    ///< a: checkpoint op, b: donor
    SyncDone,       ///< a: checkpoint op, b: chunks fetched
    SyncFailed,     ///< a: checkpoint op, b: donor
    Rejected,       ///< a: Reject, b: sender
    VoteForgotten,  ///< a: voter, b: view of a vote that counts no more: its disk was lost since
    BugFired,       ///< a: Bug
};
[[nodiscard]] const char* name(EventKind kind);

struct Event {
    EventKind kind = EventKind::StatusChanged;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    Checksum checksum;
};

/// A node of the graph of causes that lineage-driven search reads: what became true at this
/// replica, named so that the same fact has the same name in every run of a seed.
struct Fact {
    enum class Kind : std::uint8_t {
        None,
        Sent,     ///< a: checksum of the message (low), b: to
        Received, ///< a: checksum of the message (low), b: from
        Durable,  ///< a: op, b: checksum (low)
        Committed,
        Replied,   ///< a: client, b: request
        Rang,      ///< a: timer, b: generation
        Installed, ///< a: view, b: op
    };
    Kind kind = Kind::None;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
};

/// What a step asks of the world, in order. The shell implements it: a daemon by doing, a simulator
/// by scheduling, a test by recording. Spans are valid during the call only. Calls must not step
/// the replica again.
class Effects {
public:
    virtual ~Effects() = default;

    /// At most once, perhaps never, in order a link. Never to oneself.
    virtual void send(ReplicaId to, const Header& header, Bytes body) = 0;
    virtual void reply(std::uint64_t client_link, const Header& header, Bytes body) = 0;

    /// Arms the timer anew: of one timer only the newest generation counts.
    virtual void arm(Timer timer, std::uint32_t generation, Nanos delay) = 0;

    virtual void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) = 0;
    virtual void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) = 0;
    virtual void sync(Zone zone, IoId id) = 0;

    virtual void event(const Event& event) = 0;

    /// Asked before facts are made, so that lineage is free when nobody reads it.
    [[nodiscard]] virtual bool wants_lineage() const { return false; }
    virtual void lineage(const Fact& /*fact*/, std::span<const Fact> /*parents*/) {}

    /// The replica has stopped for good. Called once, last.
    virtual void halt(std::string_view reason) = 0;
};

} // namespace faultlab::replica
