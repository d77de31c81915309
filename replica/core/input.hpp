#pragma once

#include "replica/core/message.hpp"
#include "replica/core/types.hpp"

#include <variant>

namespace faultlab::replica {

/// Files of a replica, each with an order of its own: writes to a zone happen in the order in which
/// they were asked for, and a sync of a zone covers all writes before it. Sizes follow from Limits
/// (layout.hpp).
enum class Zone : std::uint8_t { Superblock, Headers, Prepares, Snapshot };
constexpr std::size_t zone_count = 4;
[[nodiscard]] const char* name(Zone zone);

/// Names an operation on the disk until its IoDone; never reused by one incarnation.
using IoId = std::uint64_t;

enum class Timer : std::uint8_t {
    Prepare,
    Heartbeat,
    PrimarySilent,
    ViewChange,
    ViewChangeMessage,
    GetView,
    Repair,
    Sync,
    Ping,
    Abdicate,
    Scrub,
    IdleFlush,
    Lease,
    Recovery,
};
constexpr std::size_t timer_count = 14;
[[nodiscard]] const char* name(Timer timer);

/// First of all inputs: the disk is there, formatted (format.hpp) or blank.
struct Boot {
    std::uint64_t entropy = 0; ///< seeds jitter and nonces; the only randomness that enters
    /// The disk was lost: ask the others (VRR §4.3) instead of reading it.
    bool recover = false;
};
/// A message as it came from the network, checked by nobody yet; `from` is what the connection
/// proved: the peer, or no_replica and `client_link` for a client.
struct Received {
    Message message;
    ReplicaId from = no_replica;
    std::uint64_t client_link = 0; ///< where replies to this client go
};
/// A timer that was armed rings; older generations are ignored.
struct Rang {
    Timer timer = Timer::Prepare;
    std::uint32_t generation = 0;
};
enum class IoStatus : std::uint8_t {
    Ok,
    Failed, ///< EIO and the like. A failed write or sync is fatal: the pages may be lost
    Full,   ///< no space: fatal too
};
/// An operation on the disk is done. A read that failed or came short has Failed.
struct IoDone {
    IoId id = 0;
    IoStatus status = IoStatus::Ok;
    Bytes bytes; ///< of a read
};
/// A client's connection is gone: replies for it go nowhere.
struct LinkClosed {
    std::uint64_t client_link = 0;
};

/// One step's cause. Time enters here and nowhere else. Spans live as long as the step.
struct Input {
    Nanos now = 0;          ///< monotonic
    std::uint64_t wall = 0; ///< wall clock, ns since 1970; may jump
    std::variant<Boot, Received, Rang, IoDone, LinkClosed> what;
};

} // namespace faultlab::replica
