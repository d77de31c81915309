#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/lives.hpp"
#include "replica/core/membership.hpp"

#include <limits>
#include <optional>

namespace faultlab::replica {

class WordHash;

constexpr std::size_t superblock_copies = 4;
constexpr std::size_t superblock_bytes = 4096; ///< of one copy

/// Superblock::log_end of a log that goes on.
constexpr Op open_end = std::numeric_limits<Op>::max();

/// What a replica must not forget. Four copies, hash-chained by sequence; opening needs two valid
/// copies of the newest. Trivially copyable, stored as it lies in memory.
struct Superblock {
    Checksum checksum; ///< of the rest; set last
    Checksum parent;   ///< checksum of the superblock before it
    std::uint64_t sequence = 0;
    std::uint64_t cluster = 0;
    std::uint64_t incarnation = 0; ///< counts its starts (lives.hpp)
    View view;                     ///< never enters a lower one
    View log_view;                 ///< the log on disk is a prefix of this view's log
    Op log_op = 0; ///< head of the log when log_view was installed: an entry above it belongs to
                   ///< the log only if its view is log_view, one up to it only if not above it
    /// Nothing above it belongs to the log any more, for another view's log is being installed over
    /// it: view is above log_view then.
    Op log_end = open_end;
    Op doubt_end = 0; ///< not 0: what log_view's log had above log_end, at most up to here, is not
                      ///< known to differ from the log that is being installed
    Op commit = 0;    ///< known when it was written
    Op checkpoint_op = 0;
    Checksum checkpoint_id;     ///< of its manifest (snapshot_manifest.hpp)
    Checksum checkpoint_parent; ///< checksum of the entry checkpoint_op
    /// Of the entry log_op; zero: not known. It tells a header that is left in the ring of an older
    /// log from that of the installed one: of earlier ops their successors tell.
    Checksum log_head;
    Limits limits;
    std::uint32_t release_active = oldest_release; ///< programs below it are refused
    std::uint32_t checkpoint_area = 0;             ///< 0 or 1
    std::uint32_t reserved_1 = 0;
    Membership membership; ///< of view's epoch, as of the last install, checkpoint or epoch
    ReplicaId self = no_replica;
    std::uint8_t copy = 0;       ///< not in the checksum, so that all copies have the same
    std::uint8_t recovering = 0; ///< 1: lost its disk, and has not yet been told what it promised
    std::array<std::uint8_t, 5> reserved{};
    Lives lives; ///< which disks were lost: known before an answer to Recovery says so
};
static_assert(std::is_trivially_copyable_v<Superblock> && sizeof(Superblock) <= superblock_bytes);
static_assert(std::has_unique_object_representations_v<Superblock>,
              "no padding: bytes are checksummed");
static_assert(offsetof(Superblock, checksum) == 0, "of what follows it");

[[nodiscard]] Checksum checksum_of(const Superblock& superblock);

/// The newest superblock of which two copies are valid; nothing when there is none. Pure.
/// `zone` holds the four copies, whatever their state.
[[nodiscard]] std::optional<Superblock> open_superblock(Bytes zone, BugSet& bugs);
/// All four copies, as the zone holds them.
void lay_out(const Superblock& superblock, std::span<std::byte> zone);

/// Keeps the superblock on the disk: one write at a time, the newest wanted next. Two copies are
/// written and synced, then the other two: at every moment two copies of one superblock are whole.
class SuperblockFile {
public:
    explicit SuperblockFile(BugSet& bugs);
    /// The content last read from or written to the disk.
    [[nodiscard]] const Superblock& durable() const { return durable_; }
    /// The content last asked for: what the next change builds upon.
    [[nodiscard]] const Superblock& wanted() const { return wanted_; }
    /// Requires: it is sealed, and nothing was stored yet.
    void opened(const Superblock& superblock);
    /// Wants this content (sequence, parent, checksum and copy are filled in here) to be durable.
    /// Returns a ticket: it is durable once `done() >= ticket`.
    std::uint64_t store(const Superblock& wanted, IoId& next_io, Effects& effects);
    [[nodiscard]] std::uint64_t done() const { return done_; }
    /// Whether this IoDone was its own.
    bool on_io(const IoDone& done, IoId& next_io, Effects& effects);
    /// A write or sync failed: the replica must halt, for what the disk holds is unknown (B25).
    [[nodiscard]] bool failed() const { return failed_; }
    /// Adds what tells two states apart (Replica::fingerprint). Requires: nothing is under way.
    void fingerprint(WordHash& hash) const;

private:
    friend struct InvariantProbe; ///< of tests
    friend struct EntryProbe;
    friend struct ViewProbe;
    friend struct SuperblockProbe; ///< tests break invariants from inside
    void start(IoId& next_io, Effects& effects);
    void write_half(std::size_t first_copy, IoId& next_io, Effects& effects);

    BugSet& bugs_;
    Superblock durable_;
    Superblock writing_;
    Superblock wanted_;
    std::uint64_t wanted_ticket_ = 0;
    std::uint64_t writing_ticket_ = 0;
    std::uint64_t done_ = 0;
    IoId write_ = 0;
    IoId sync_ = 0; ///< 0: nothing is under way
    bool second_half_ = false;
    bool failed_ = false;
    std::array<std::byte, superblock_copies * superblock_bytes> zone_{};
};

} // namespace faultlab::replica
