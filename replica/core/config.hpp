#pragma once

#include "replica/core/membership.hpp"
#include "replica/core/types.hpp"

namespace faultlab::replica {

/// The releases that this tree can build. 1: the base. 2 adds the header field `trace` and the
/// operation `swap`.
constexpr std::uint32_t oldest_release = 1;
constexpr std::uint32_t newest_release = 2;

/// Sizes, fixed when a replica is formatted (they are part of its superblock): all memory is taken
/// at start from them. Small ones make the simulator fast and make rings wrap in tests.
struct Limits {
    std::uint32_t slots = 512;                ///< of the write-ahead log
    std::uint32_t message_bytes = 64U << 10U; ///< largest message, header included; size of a slot
    std::uint32_t request_bytes = 8U << 10U;  ///< largest operation, and largest result
    std::uint32_t batch = 256;                ///< most requests in one prepare
    std::uint32_t pipeline = 16;              ///< most prepares that are not committed yet
    std::uint32_t clients = 512;              ///< sessions in the client table
    std::uint32_t checkpoint_every = 192;     ///< ops; at most slots − pipeline, halved
    std::uint32_t entries = 1U << 18U;        ///< keys of the state machine, over all namespaces
    std::uint32_t value_blocks = 1U << 18U;   ///< blocks of 64 bytes for keys and values
    std::uint32_t digest_every = 16;          ///< ops between published state digests
    std::uint32_t queue = 1024;               ///< requests that wait for a prepare

    friend bool operator==(const Limits&, const Limits&) = default;
};

/// Durations in nanoseconds.
struct Timeouts {
    Nanos prepare = 100'000'000;             ///< resend what is not acknowledged
    Nanos heartbeat = 50'000'000;            ///< between Commits of the primary
    Nanos primary_silent = 400'000'000;      ///< a backup then wants another view
    Nanos view_change = 800'000'000;         ///< then try the next view
    Nanos view_change_message = 100'000'000; ///< resend StartViewChange and DoViewChange
    Nanos get_view = 200'000'000;
    Nanos repair = 50'000'000;
    Nanos sync = 500'000'000; ///< a donor that does not answer is left for another
    Nanos ping = 500'000'000;
    Nanos abdicate = 1'500'000'000; ///< a primary that no quorum answers stops its heartbeat
    Nanos scrub = 100'000'000;      ///< between reads of the scrubber
    Nanos idle_flush = 10'000'000;  ///< an idle log writes its headers of finished prepares
    Nanos telemetry = 100'000'000;
    Nanos lease = 300'000'000; ///< 0: no leases; must be below primary_silent
    /// Promised bound on how far two clocks' rates differ, in parts per thousand.
    std::uint32_t clock_drift = 50;

    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// How the primary serves operations that only read.
enum class Reads : std::uint8_t {
    Log,   ///< as log entries, like everything else
    Lease, ///< from its state while a quorum has promised not to elect another
};

struct Admission {
    std::uint32_t rate = 0;     ///< requests a second; 0: no limit
    std::uint32_t burst = 1024; ///< tokens that can be saved up
};

/// Everything that one replica is told at its start. The same values for the life of the process.
struct Config {
    std::uint64_t cluster = 0;
    ReplicaId self = no_replica;
    std::uint32_t release = newest_release; ///< of this program
    Limits limits;
    Timeouts timeouts;
    Reads reads = Reads::Log;
    Admission admission;
    std::uint32_t scrub_reads = 4; ///< slots read at a tour's step
};

} // namespace faultlab::replica
