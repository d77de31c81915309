#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/checksum.hpp"
#include "replica/core/lives.hpp"
#include "replica/core/types.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

namespace faultlab::replica {

static_assert(std::endian::native == std::endian::little,
              "headers are stored and sent as they lie in memory");

/// Which fields of the header a command uses is the table of docs/reference/replica-frames.md; what
/// a command does not use is zero.
enum class Command : std::uint8_t {
    None = 0,
    // between clients and replicas
    Request = 1,  ///< client, session, request; body: one operation
    Reply = 2,    ///< client, session, request, op, view; body: its result
    Busy = 3,     ///< not accepted, and never will be by this sending; `nonce`: retry after (ns)
    Evicted = 4,  ///< the session is unknown or was evicted: the client must register again
    Redirect = 5, ///< not the primary: `from` holds the replica to ask, 0 when unknown
    // normal operation
    Prepare = 6,   ///< a log entry: view, op, parent, commit, timestamp; body: the batch
    PrepareOk = 7, ///< everything up to op is durable in view; `nonce` echoes a heartbeat
    Commit = 8,    ///< the primary's heartbeat: commit, op; `nonce`: when it was sent
    Ping = 9,      ///< from everyone to everyone: view, release, checkpoint
    // view change
    StartViewChange = 10, ///< wants to leave for view; `from`: the view that it has entered
    DoViewChange = 11,    ///< log_view, op, commit, checkpoint, `parent`: checksum of entry op;
                          ///< `to`: where its log may end if that is uncertain; body: slots of the
                          ///< suffix
    StartView = 12,       ///< op, commit, checkpoint, `parent` likewise; body: membership, headers
                          ///< of the suffix
    GetView = 13,         ///< asks for a StartView; `nonce`
    // repair and state transfer
    GetLog = 14,      ///< entries [from, to] of the log of log_view
    GetPrepare = 15,  ///< the entry of op whose checksum is `parent`, from whoever has it
    Log = 16,         ///< one entry, whole, as body; log_view says whose log it is part of
    GetSnapshot = 17, ///< checkpoint; `from`: first chunk, `to`: last; 0 chunks: the manifest
    Snapshot = 18,    ///< checkpoint; `from`: chunk, `count`: chunks; body: chunk or manifest
    // recovery of a replica that lost its disk
    Recovery = 19,         ///< `nonce`
    RecoveryResponse = 20, ///< `nonce`; `to`: the highest incarnation that it saw of the asker; as
                           ///< StartView when it comes from the primary of view
};
constexpr std::uint8_t last_command = 20;
[[nodiscard]] const char* name(Command command);

/// The first 256 bytes of every message and of every log entry, as stored and as sent (little
/// endian). A log entry keeps the header with which its first primary prepared it, so that its
/// checksum is its identity; the checksum of the header is the parent of the next entry.
struct Header {
    Checksum checksum;      ///< of the rest of this header; set last
    Checksum body_checksum; ///< of the body
    Checksum parent;        ///< Prepare: checksum of the entry before it
    std::uint64_t cluster = 0;
    View view;
    Op op = 0;
    Op commit = 0;               ///< what the sender knows to be committed
    std::uint64_t timestamp = 0; ///< Prepare: wall clock (ns) of the primary, strictly increasing
    ClientId client = 0;
    SessionId session = 0;
    RequestNumber request = 0;
    View log_view;        ///< the view whose log the sender's log is a prefix of
    Op checkpoint_op = 0; ///< the sender's newest durable checkpoint
    Checksum checkpoint_id;
    std::uint64_t nonce = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint64_t incarnation = 0; ///< of the sender: counts its starts (lives.hpp)
    std::uint32_t size = 0;        ///< of header and body
    std::uint32_t release = 0;     ///< of the sender's program
    std::uint32_t count = 0;
    std::uint32_t flags = 0;
    std::uint16_t protocol = 0;
    Command command = Command::None;
    ReplicaId replica = no_replica; ///< the sender; no_replica: a client
    std::uint32_t reserved_1 = 0;
    /// Since release 2, zero before: the client's trace of the request, for the lab's lineage.
    std::uint64_t trace = 0;
    Lives lives; ///< of votes and answers to Recovery: what the sender's disk knows
    std::array<std::uint64_t, 2> reserved{};
};
static_assert(sizeof(Header) == 256 && std::is_trivially_copyable_v<Header>);
static_assert(std::has_unique_object_representations_v<Header>,
              "no padding: bytes are checksummed");
static_assert(offsetof(Header, checksum) == 0, "of what follows it");

constexpr std::uint16_t protocol_version = 1;

/// A message in somebody's memory.
struct Message {
    Header header;
    Bytes body;
};

[[nodiscard]] inline Bytes bytes_of(const Header& header) {
    return std::as_bytes(std::span(&header, 1));
}
/// Requires: bytes.size() >= sizeof(Header).
[[nodiscard]] inline Header header_from(Bytes bytes) {
    REPLICA_ASSERT("header-bytes", bytes.size() >= sizeof(Header));
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    return header;
}

[[nodiscard]] Checksum checksum_of(const Header& header);
/// Sets size, body_checksum and, last, checksum. Requires: the size of both fits its field.
void seal(Header& header, Bytes body);

} // namespace faultlab::replica
