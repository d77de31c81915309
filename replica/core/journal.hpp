#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/message.hpp"
#include "replica/core/recovery_table.hpp"
#include "replica/core/superblock.hpp"
#include "replica/core/zeroed_bytes.hpp"

#include <vector>

namespace faultlab::replica {

class WordHash;

enum class SlotState : std::uint8_t {
    Absent,  ///< this op was surely never acknowledged by this replica in this log
    Present, ///< whole, in memory
    Faulty,  ///< it was here, and its bytes are bad: must be repaired, may never be nacked
};

/// The write-ahead log: the newest `slots` entries, in memory and in two rings on the disk. Always
/// a chain without gaps from the checkpoint to the head, but for faulty slots. Ring of prepares:
/// the entry itself, durable before it is acknowledged. Ring of headers: written after its prepare
/// is durable, by `flush_headers`; so a header that is on the disk proves that its prepare was, and
/// a bad prepare without one was never acknowledged (recovery_table.hpp).
class Journal {
public:
    Journal(const Limits& limits, BugSet& bugs);

    // --- the log in memory
    [[nodiscard]] Op head() const { return head_; }
    /// Known unless the head is faulty and head_uncertain(): zero then.
    [[nodiscard]] const Checksum& head_checksum() const;
    /// Of an op below tail(), or above head(): Absent.
    [[nodiscard]] SlotState state(Op op) const;
    /// The header of `op` in this log, also of a faulty slot whose header is known; else null.
    [[nodiscard]] const Header* header(Op op) const;
    /// The checksum that the entry of `op` has in this log, as far as anything says it: its header,
    /// the parent of the next entry, the checkpoint; else null. What a faulty slot waits for.
    [[nodiscard]] const Checksum* checksum_at(Op op) const;
    /// Requires: state(op) is Present.
    [[nodiscard]] Message entry(Op op) const;
    [[nodiscard]] bool has(Op op, const Checksum& checksum) const;
    /// Entries at or below it are covered by a durable checkpoint: their slots can be reused.
    [[nodiscard]] Op checkpoint() const { return checkpoint_; }
    /// Oldest op that the ring still holds.
    [[nodiscard]] Op tail() const { return tail_; }
    /// Whether `op` can be appended without overwriting what no checkpoint covers.
    [[nodiscard]] bool room(Op op) const;

    /// Puts an entry at head + 1, or at an op up to the head whose entry differs: everything from
    /// there on is dropped first. Requires: parent fits, room(op).
    void append(const Header& header, Bytes body);
    /// Fills a faulty slot again. Requires: the checksum is checksum_at(op), if that is known.
    void repair(const Header& header, Bytes body);
    /// Drops everything above `last`. Requires: last >= checkpoint().
    void truncate(Op last);
    /// After a snapshot was installed: begins after it, whose last entry has the checksum `parent`.
    /// Entries beyond it stay if they continue it.
    void reset(Op checkpoint, const Checksum& parent);
    /// The checkpoint, not above the head, is durable.
    void set_checkpoint(Op op);

    // --- the log on the disk
    /// Everything up to it is durable and may be acknowledged. Never beyond a faulty slot.
    [[nodiscard]] Op durable() const;
    /// Starts to write what is not yet on the disk, unless a batch is under way. A batch that ends
    /// starts the next one by itself.
    void flush(IoId& next_io, Effects& effects);
    /// Writes and syncs the headers of durable entries. To be called at most `idle_flush` after
    /// clean() became false, and before a superblock names a log_view whose log was installed.
    void flush_headers(IoId& next_io, Effects& effects);
    /// Nothing waits and nothing is under way: all entries and their headers are durable.
    [[nodiscard]] bool clean() const;
    /// Adds what tells two states apart (Replica::fingerprint). Requires: nothing is under way.
    void fingerprint(WordHash& hash) const;
    /// Asserts what is true of it between any two calls.
    void check() const;
    /// Whether this IoDone was its own (then durable() may have grown).
    bool on_io(const IoDone& done, IoId& next_io, Effects& effects);
    /// A write or sync failed: the replica must halt, for what the disk holds is unknown (B25).
    [[nodiscard]] bool failed() const { return failed_; }

    // --- at start (journal_recovery.cpp)
    /// Reads both rings of a journal that has just been made; `recovered` once the table has
    /// decided every slot, and what was read is synced: it may have been in a cache only.
    void recover(const Superblock& superblock, IoId& next_io, Effects& effects);
    [[nodiscard]] bool recovered() const { return recovery_.done; }
    /// The newest op that may have been acknowledged although the log ends before it; 0: none.
    [[nodiscard]] Op ceiling() const { return recovery_.ceiling; }
    /// The log may end before the last acknowledged entry, or the identity of its head is not
    /// known.
    [[nodiscard]] bool head_uncertain() const {
        return recovery_.ceiling > head_ || checksum_at(head_) == nullptr;
    }
    /// Another log has taken its place, of which the end is known.
    void end_doubt() { recovery_.ceiling = 0; }
    [[nodiscard]] std::size_t faulty() const; ///< slots between checkpoint and head

    // --- the scrubber (journal_scrub.cpp)
    /// Reads the next `count` slots, at most 8, and a page of headers. What is not on the disk as
    /// it is in memory is written again by the next flush: every entry that this replica answers
    /// for is whole in memory, or known to be faulty already.
    void scrub(std::uint32_t count, IoId& next_io, Effects& effects);
    [[nodiscard]] std::uint64_t scrub_tours() const { return scrub_.tours; }
    [[nodiscard]] std::uint64_t scrub_found() const { return scrub_.found; }

private:
    friend struct JournalProbe; ///< tests break invariants from inside
    friend struct InvariantProbe;
    friend struct EntryProbe;
    friend struct ViewProbe;
    struct Slot {
        Op op = 0;
        SlotState state = SlotState::Absent;
        bool known = false;   ///< headers_ has its header
        bool queued = false;  ///< in waiting_
        bool durable = false; ///< its prepare is
    };
    /// An entry of the batch under way: what must still be there when the batch is durable.
    struct Written {
        Op op = 0;
        Checksum checksum;
    };

    /// What is known of a slot of the ring of prepares while the rings are read.
    enum class Read : std::uint8_t { Zero, Bad, Unreadable, Whole };
    struct SlotRead {
        IoId id = 0;
        std::size_t slot = 0;
    };
    struct Recovery {
        Superblock superblock;
        bool active = false;
        bool done = false;
        Op ceiling = 0; ///< not 0: the log may go on up to here
        std::size_t next_slot = 0;
        std::size_t outstanding = 0; ///< reads
        IoId headers_read = 0;
        std::array<SlotRead, 16> reads{};
        std::size_t syncs_left = 0;
        std::array<IoId, 2> syncs{};
        std::vector<Read> slots; ///< whole ones are in headers_ and entries_
    };

    struct Scrub {
        struct Read {
            IoId id = 0;
            Op op = 0;
            Checksum checksum; ///< of the entry that should be there
        };
        std::array<Read, 8> reads{};
        IoId page_read = 0;
        std::size_t page = 0;
        bool page_changed = false; ///< since it was asked for
        std::size_t next_slot = 0;
        std::size_t outstanding = 0;
        std::uint64_t tours = 0;
        std::uint64_t found = 0;
    };

    bool on_scrub_io(const IoDone& done);
    /// Asserts that what is kept about the slots, and what is kept about them all, agree.
    void check_books() const;
    /// Likewise of one slot: that it is in its place, and its entry as it came.
    void check_slot(std::size_t at) const;
    void compare_entry(const Scrub::Read& read, Bytes bytes);
    void compare_page(Bytes bytes);
    bool on_recovery_io(const IoDone& done, IoId& next_io, Effects& effects);
    void read_slots(IoId& next_io, Effects& effects);
    void take_read(std::size_t index, Bytes bytes);
    void decide();
    [[nodiscard]] bool member(const Header& header) const;
    [[nodiscard]] PrepareIs prepare_is(Op op) const;
    [[nodiscard]] HeaderIs header_is(Op op, PrepareIs prepare) const;
    /// Whether it is the header of an entry of this cluster, wherever it stands.
    [[nodiscard]] bool names_entry(const Header& header) const;
    /// The header in the ring, if it is one and in its place; else null.
    [[nodiscard]] const Header* ring_header(std::size_t index) const;
    [[nodiscard]] Op window_end() const; ///< first op that cannot be in the log
    [[nodiscard]] Op first_superseded() const;
    [[nodiscard]] Op last_proven(Op end) const;
    [[nodiscard]] Decision decide(Op op, Op last_proven);
    [[nodiscard]] Op newest_in_doubt(Op first, Op last_proven);
    void take(Op op, Decision decision);
    void verify_chain();
    void take_covered();

    [[nodiscard]] std::size_t index(Op op) const { return op % slots_.size(); }
    [[nodiscard]] const Slot* slot(Op op) const;
    void place(std::size_t at, const Header& header, Bytes body);
    void advance_durable();
    void batch_done();
    void mark_header(std::size_t index);
    void mark_page(std::size_t page);
    void name_vacant(std::size_t page);

    Limits limits_;
    std::uint32_t entry_most_; ///< bytes of the largest entry
    BugSet& bugs_;
    Op head_ = 0;
    Op tail_ = 0;
    Op checkpoint_ = 0;
    Op durable_ = 0;
    Op newest_faulty_ = 0;       ///< as recovery found it: no slot becomes faulty later
    Checksum checkpoint_parent_; ///< checksum of the entry `checkpoint_`
    bool failed_ = false;

    // by slot
    std::vector<Slot> slots_;
    std::vector<Header> headers_;
    ZeroedBytes entries_;      ///< as the ring of prepares
    std::vector<Header> ring_; ///< as the ring of headers is to be, in whole pages

    std::vector<Op> waiting_; ///< to be written, in the order of their coming
    std::vector<Written> batch_;
    IoId batch_first_ = 0;
    IoId batch_sync_ = 0; ///< 0: no batch under way

    std::vector<bool> page_dirty_; ///< of ring_
    std::size_t pages_dirty_ = 0;
    IoId headers_first_ = 0;
    IoId headers_sync_ = 0; ///< 0: no header is under way

    Recovery recovery_;
    Scrub scrub_;
};

} // namespace faultlab::replica
