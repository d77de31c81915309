#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/message.hpp"
#include "replica/core/superblock.hpp"

#include <vector>

namespace faultlab::replica {

enum class SlotState : std::uint8_t {
    Absent,  ///< this op was surely never acknowledged by this replica in this log
    Present, ///< whole, in memory
    Faulty,  ///< it was here, and its bytes are bad: must be repaired, may never be nacked
};

/// The write-ahead log: the newest `slots` entries, in memory and in two rings on the disk. Always
/// a chain without gaps from the checkpoint to the head, but for faulty slots. Ring of prepares:
/// the entry itself, durable before it is acknowledged. Ring of headers: written after its prepare
/// is durable, with the next batch or when idle; so a header that is on the disk proves that its
/// prepare was, and a bad prepare without one was never acknowledged (recovery_table.hpp).
class Journal {
public:
    Journal(const Limits& limits, BugSet& bugs);

    // --- the log in memory
    [[nodiscard]] Op head() const { return head_; }
    [[nodiscard]] const Checksum& head_checksum() const; ///< known unless the head is faulty
    [[nodiscard]] SlotState state(Op op) const;
    /// The header of `op` in this log, also of a faulty slot whose header is known; else null.
    [[nodiscard]] const Header* header(Op op) const;
    /// Requires: state(op) is Present.
    [[nodiscard]] Message entry(Op op) const;
    [[nodiscard]] bool has(Op op, const Checksum& checksum) const;
    /// Entries at or below it are covered by a durable checkpoint: their slots can be reused.
    [[nodiscard]] Op checkpoint() const { return checkpoint_; }
    /// Oldest op that the ring still holds.
    [[nodiscard]] Op tail() const;
    /// Whether `op` can be appended without overwriting what no checkpoint covers.
    [[nodiscard]] bool room(Op op) const;

    /// Puts an entry at head + 1, or at an op up to the head whose entry differs: everything from
    /// there on is dropped first. Requires: parent fits, room(op).
    void append(const Header& header, Bytes body);
    /// Fills a faulty slot again. Requires: the header's checksum is the one that is known.
    void repair(const Header& header, Bytes body);
    /// Drops everything above `last`.
    void truncate(Op last);
    /// Forgets all and begins after the checkpoint: after a snapshot was installed.
    void reset(Op checkpoint, const Checksum& parent);
    void set_checkpoint(Op op);

    // --- the log on the disk
    /// Everything up to it is durable and may be acknowledged.
    [[nodiscard]] Op durable() const { return durable_; }
    /// Starts to write what is not yet on the disk, unless a batch is under way.
    void flush(IoId& next_io, Effects& effects);
    /// Writes headers of finished prepares although no prepare waits.
    void flush_headers(IoId& next_io, Effects& effects);
    [[nodiscard]] bool clean() const; ///< nothing waits and nothing is under way
    /// Whether this IoDone was its own (then durable() may have grown).
    bool on_io(const IoDone& done, IoId& next_io, Effects& effects);

    // --- at start
    /// Reads both rings; `recovered` once the table has decided every slot.
    void recover(const Superblock& superblock, IoId& next_io, Effects& effects);
    [[nodiscard]] bool recovered() const;
    /// After recovery: the log may end before the last acknowledged entry.
    [[nodiscard]] bool head_uncertain() const;
    [[nodiscard]] std::size_t faulty() const; ///< slots between checkpoint and head

    // --- the scrubber
    /// Reads `count` slots further on and marks as faulty what is bad on the disk; bounded, never
    /// while a batch is under way.
    void scrub(std::uint32_t count, IoId& next_io, Effects& effects);
    /// A faulty slot on the disk whose entry is whole in memory is written again by this.
    [[nodiscard]] std::uint64_t scrub_tours() const;
    [[nodiscard]] std::uint64_t scrub_found() const;

private:
    // The owner of journal.cpp fills this in.
    Op head_ = 0;
    Op checkpoint_ = 0;
    Op durable_ = 0;
};

} // namespace faultlab::replica
