#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"
#include "replica/core/format.hpp"
#include "replica/core/journal.hpp"
#include "replica/core/layout.hpp"

#include <algorithm>

namespace faultlab::replica {
void Journal::recover(const Superblock& superblock, IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("journal.recover-once", !recovery_.active && !recovery_.done && head_ == 0);
    REPLICA_ASSERT("journal.recover-io", next_io != 0);
    REPLICA_ASSERT("journal.recover-new", waiting_.empty() && pages_dirty_ == 0);
    REPLICA_ASSERT("journal.recover-limits",
                   superblock.limits == limits_); // else slots lie elsewhere
    REPLICA_ASSERT("journal.recover-checkpoint", superblock.checkpoint_op < most_op);
    recovery_.superblock = superblock;
    recovery_.active = true;
    checkpoint_ = superblock.checkpoint_op;
    checkpoint_parent_ = superblock.checkpoint_parent;
    head_ = checkpoint_;
    recovery_.headers_read = next_io++;
    recovery_.outstanding = 1;
    effects.read(Zone::Headers,
                 0,
                 static_cast<std::uint32_t>(zone_bytes(limits_, Zone::Headers)),
                 recovery_.headers_read);
    read_slots(next_io, effects);
}

void Journal::read_slots(IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("journal.reads-recovering", recovery_.active);
    REPLICA_ASSERT("journal.reads-next", recovery_.next_slot <= slots_.size());
    for (SlotRead& read : recovery_.reads) {
        if (read.id == 0 && recovery_.next_slot < slots_.size()) {
            read = SlotRead{next_io++, recovery_.next_slot++};
            ++recovery_.outstanding;
            // And the one of the headers, and the one whose end made room for this one.
            REPLICA_ASSERT("journal.reads-outstanding",
                           recovery_.outstanding <= recovery_.reads.size() + 2);
            effects.read(
                Zone::Prepares, prepare_offset(limits_, read.slot), limits_.message_bytes, read.id);
        }
    }
}

bool Journal::on_recovery_io(const IoDone& done, IoId& next_io, Effects& effects) {
    // A read that fails found bad bytes; a write or sync that does is fatal.
    const Bytes bytes = done.status == IoStatus::Ok ? done.bytes : Bytes{};
    const auto read = std::ranges::find(recovery_.reads, done.id, &SlotRead::id);
    if (done.id == recovery_.headers_read) {
        const std::span<std::byte> ring = std::as_writable_bytes(std::span(ring_));
        if (bytes.size() == ring.size()) {
            copy_bytes(bytes, ring);
        } else {
            std::ranges::fill(ring, std::byte{0xff}); // bad, and not as if never written
        }
    } else if (read != recovery_.reads.end()) {
        take_read(read->slot, bytes);
        read->id = 0;
        read_slots(next_io, effects);
    } else if (std::ranges::find(recovery_.syncs, done.id) != recovery_.syncs.end()) {
        failed_ = failed_ || done.status != IoStatus::Ok;
        REPLICA_ASSERT("journal.recovery-syncs", recovery_.syncs_left > 0);
        REPLICA_ASSERT("journal.recovery-read", recovery_.outstanding == 0);
        if (--recovery_.syncs_left == 0 && !failed_) {
            recovery_.active = false;
            recovery_.done = true;
            advance_durable();
        }
        return true;
    } else {
        return false;
    }
    REPLICA_ASSERT("journal.recovery-outstanding", recovery_.outstanding > 0);
    if (--recovery_.outstanding == 0) {
        decide();
        recovery_.syncs = {next_io, next_io + 1};
        recovery_.syncs_left = 2;
        effects.sync(Zone::Prepares, next_io++);
        effects.sync(Zone::Headers, next_io++);
    }
    return true;
}

void Journal::take_read(std::size_t index, Bytes bytes) {
    REPLICA_ASSERT("journal.take-read-slot", index < recovery_.next_slot); // it was asked for
    Read& slot = recovery_.slots[index];
    REPLICA_ASSERT("journal.take-read-once", slot != Read::Whole);
    if (bytes.size() != limits_.message_bytes) {
        slot = Read::Unreadable;
        return;
    }
    slot = Read::Bad;
    const Header header = header_from(bytes);
    if (header.checksum != checksum_of(header)) {
        slot = all_zero(bytes) ? Read::Zero : Read::Bad;
        return;
    }
    const bool belongs = header.command == Command::Prepare &&
                         header.cluster == recovery_.superblock.cluster && header.op > 0 &&
                         this->index(header.op) == index && header.size >= sizeof(Header) &&
                         header.size <= entry_bytes(limits_);
    if (belongs && header.body_checksum ==
                       checksum(bytes.subspan(sizeof header, header.size - sizeof header))) {
        slot = Read::Whole;
        headers_[index] = header;
        copy_bytes(bytes, std::span(entries_).subspan(prepare_offset(limits_, index)));
    }
}

bool Journal::member(const Header& header) const {
    const Superblock& of = recovery_.superblock;
    if (header.op == of.log_op && of.log_head != Checksum{}) {
        return header.checksum == of.log_head;
    }
    return header.op <= of.log_op ? header.view <= of.log_view : header.view == of.log_view;
}

bool Journal::names_entry(const Header& header) const {
    return header.command == Command::Prepare && header.cluster == recovery_.superblock.cluster &&
           header.op > 0 && header.checksum == checksum_of(header);
}

const Header* Journal::ring_header(std::size_t index) const {
    REPLICA_ASSERT("journal.ring-slot", index < slots_.size()); // pages may have more
    const Header& header = ring_[index];
    const bool belongs = names_entry(header) && this->index(header.op) == index;
    return belongs ? &header : nullptr;
}

PrepareIs Journal::prepare_is(Op op) const {
    REPLICA_ASSERT("journal.prepare-window", op > checkpoint_ && op - checkpoint_ <= slots_.size());
    switch (recovery_.slots[index(op)]) {
        case Read::Zero: return PrepareIs::Zero;
        case Read::Bad: return PrepareIs::Bad;
        case Read::Unreadable: return PrepareIs::Unreadable;
        case Read::Whole: break;
    }
    const Header& header = headers_[index(op)];
    REPLICA_ASSERT("journal.prepare-slot", index(header.op) == index(op));
    if (header.op != op) {
        return header.op < op ? PrepareIs::Older : PrepareIs::Newer;
    }
    if (header.view > recovery_.superblock.log_view) {
        return PrepareIs::Superseded;
    }
    return member(header) ? PrepareIs::Member : PrepareIs::Excluded;
}

HeaderIs Journal::header_is(Op op, PrepareIs prepare) const {
    REPLICA_ASSERT("journal.header-window", op > checkpoint_ && op - checkpoint_ <= slots_.size());
    const Header* header = ring_header(index(op));
    if (header == nullptr) {
        const Header& found = ring_[index(op)];
        const Header vacant = vacant_header(index(op));
        const bool names_slot =
            found.checksum == vacant.checksum && checksum_of(found) == vacant.checksum;
        return names_slot || all_zero(bytes_of(found)) ? HeaderIs::Zero : HeaderIs::Bad;
    }
    if (header->op != op) {
        return header->op < op ? HeaderIs::Older : HeaderIs::Newer;
    }
    if (!member(*header)) {
        return HeaderIs::Excluded;
    }
    const bool same =
        prepare == PrepareIs::Member && header->checksum == headers_[index(op)].checksum;
    return same ? HeaderIs::Same : HeaderIs::Other;
}

Op Journal::window_end() const {
    return std::min(recovery_.superblock.log_end, checkpoint_ + slots_.size()) + 1;
}

Op Journal::first_superseded() const {
    REPLICA_ASSERT("journal.superseded-recovering", recovery_.active);
    const Op end = window_end();
    for (Op op = checkpoint_ + 1; op < end; ++op) {
        if (prepare_is(op) == PrepareIs::Superseded) {
            return op;
        }
    }
    return end;
}

Op Journal::last_proven(Op end) const {
    REPLICA_ASSERT("journal.proven-window", end <= window_end());
    // Nothing is committed that was not in this log, in memory at least: what is missing of that is
    // to be fetched, and never to be denied.
    Op last = std::max(recovery_.superblock.log_op, recovery_.superblock.commit);
    for (Op op = checkpoint_ + 1; op < end; ++op) {
        const bool whole = prepare_is(op) == PrepareIs::Member;
        last = whole ? std::max(last, headers_[index(op)].commit) : last;
    }
    for (const Header& header : ring_) { // also one that was written to another place
        const bool proves = header.op > last && header.op < end && names_entry(header);
        last = proves && member(header) ? header.op : last;
    }
    return std::min(last, end - 1);
}

Decision Journal::decide(Op op, Op last_proven) {
    REPLICA_ASSERT("journal.decide-recovering", recovery_.active);
    REPLICA_ASSERT("journal.decide-read", recovery_.outstanding == 0); // both rings, whole
    const PrepareIs prepare = prepare_is(op);
    const Decision decision = recovery_row(prepare,
                                           header_is(op, prepare),
                                           op <= last_proven ? Position::Proven : Position::Beyond)
                                  .decision;
    const Decision by_prepare_only =
        recovery_row(prepare, HeaderIs::Zero, Position::Beyond).decision;
    if (bugs_.changes(Bug::B6, [&] { return by_prepare_only != decision; })) {
        return by_prepare_only;
    }
    return decision;
}

void Journal::decide() {
    REPLICA_ASSERT("journal.decide-all", recovery_.next_slot == slots_.size());
    REPLICA_ASSERT("journal.decide-once", head_ == checkpoint_ && recovery_.ceiling == 0);
    const Op end = window_end();
    const Op last = last_proven(std::min(end, first_superseded()));
    bool goes_on = true;
    for (Op op = checkpoint_ + 1; goes_on && op < end; ++op) {
        const Decision decision = decide(op, last);
        if (decision == Decision::Uncertain) {
            recovery_.ceiling = newest_in_doubt(op, last);
        }
        goes_on = decision == Decision::Take || decision == Decision::Faulty;
        if (goes_on) {
            take(op, decision);
            head_ = op;
        }
    }
    verify_chain();
    if (bugs_.on(Bug::V5)) {
        bugs_.changes(Bug::V5, [&] { return head_ > checkpoint_ || recovery_.ceiling > 0; });
        truncate(checkpoint_);
        recovery_.ceiling = 0;
    }
    for (Op op = checkpoint_ + 1; op <= head_; ++op) {
        newest_faulty_ = state(op) == SlotState::Faulty ? op : newest_faulty_;
    }
    take_covered();
    durable_ = checkpoint_;
    REPLICA_ASSERT("journal.decided-faulty", newest_faulty_ <= head_);
}

/// The log in memory ends before `first`, which may have been in it: so may what follows, up to the
/// first op that surely was not.
Op Journal::newest_in_doubt(Op first, Op last_proven) {
    const Op end = window_end();
    REPLICA_ASSERT("journal.doubt-window", first < end);
    REPLICA_ASSERT("journal.doubt-above-head", first == head_ + 1);
    for (Op op = first; op < end; ++op) {
        const PrepareIs prepare = prepare_is(op);
        if (prepare == PrepareIs::Newer || header_is(op, prepare) == HeaderIs::Newer) {
            return most_op - 1;
        }
        const Decision decision = decide(op, last_proven);
        if (decision == Decision::Absent || decision == Decision::Cut) {
            return op - 1;
        }
    }
    return end - 1;
}

void Journal::take(Op op, Decision decision) {
    REPLICA_ASSERT("journal.take-decision",
                   decision == Decision::Take || decision == Decision::Faulty);
    REPLICA_ASSERT("journal.take-recovering", recovery_.active);
    REPLICA_ASSERT("journal.take-next", op == head_ + 1);
    const std::size_t at = index(op);
    Slot& slot = slots_[at];
    REPLICA_ASSERT("journal.take-free", slot.state == SlotState::Absent);
    slot.op = op;
    slot.durable = true;
    if (decision == Decision::Take) {
        REPLICA_ASSERT("journal.take-whole", recovery_.slots[at] == Read::Whole);
        REPLICA_ASSERT("journal.take-op", headers_[at].op == op);
        slot.state = SlotState::Present;
        slot.known = true;
        return;
    }
    slot.state = SlotState::Faulty;
    const Header* header = ring_header(at);
    if (header != nullptr && header->op == op && member(*header)) {
        slot.known = true;
        headers_[at] = *header;
    }
}

/// An entry is what the next one says that it is. Where the two differ, an installation was cut off
/// that had begun to overwrite the log; what lies below and is not committed is in doubt then.
void Journal::verify_chain() {
    bool broken = false;
    REPLICA_ASSERT("journal.chain-recovering", recovery_.active); // no slot becomes faulty later
    REPLICA_ASSERT("journal.chain-head", head_ >= checkpoint_);
    REPLICA_ASSERT("journal.chain-span", head_ - checkpoint_ <= slots_.size());
    for (Op op = head_; op > checkpoint_; --op) {
        Slot& slot = slots_[index(op)];
        REPLICA_ASSERT("journal.chain-slot", slot.op == op && slot.state != SlotState::Absent);
        const Header* next = op < head_ ? header(op + 1) : nullptr;
        const bool denied =
            next != nullptr && slot.known && next->parent != headers_[index(op)].checksum;
        broken = broken || denied;
        if (denied || (broken && op > recovery_.superblock.commit)) {
            slot.state = SlotState::Faulty;
            slot.known = false;
        }
    }
    const Header* first = head_ > checkpoint_ ? header(checkpoint_ + 1) : nullptr;
    if (first != nullptr && first->parent != checkpoint_parent_) {
        truncate(checkpoint_); // a log that the checkpoint contradicts
        recovery_.ceiling = 0;
    }
    for (Op op = checkpoint_ + 1; op <= head_; ++op) {
        const std::size_t at = index(op);
        if (slots_[at].state == SlotState::Present && ring_[at].checksum != headers_[at].checksum) {
            mark_header(at);
        }
    }
}

/// Entries that the checkpoint covers are kept for those who lag behind.
void Journal::take_covered() {
    REPLICA_ASSERT("journal.covered-recovering", recovery_.active);
    REPLICA_ASSERT("journal.covered-head", head_ >= checkpoint_);
    tail_ = checkpoint_ + 1;
    Checksum expected = checkpoint_parent_;
    const auto place_if_expected = [&](Op op) {
        const std::size_t at = index(op);
        const bool whole = slots_[at].state == SlotState::Absent &&
                           recovery_.slots[at] == Read::Whole && headers_[at].op == op &&
                           headers_[at].checksum == expected;
        if (whole) {
            slots_[at] = Slot{op, SlotState::Present, true, false, true};
            expected = headers_[at].parent;
        }
        return whole;
    };
    while (tail_ > 1 && place_if_expected(tail_ - 1)) {
        --tail_;
    }
    const Header root = root_header(recovery_.superblock.cluster);
    if (tail_ == 1 && expected == root.checksum && slots_[0].state == SlotState::Absent) {
        slots_[0] = Slot{0, SlotState::Present, true, false, true};
        headers_[0] = root;
        std::memcpy(entries_.data(), &root, sizeof root);
        tail_ = 0;
    }
    REPLICA_ASSERT("journal.covered-span", head_ + 1 - tail_ <= slots_.size());
}

std::size_t Journal::faulty() const {
    std::size_t count = 0;
    for (Op op = checkpoint_ + 1; op <= std::min(head_, newest_faulty_); ++op) {
        count += state(op) == SlotState::Faulty ? 1 : 0;
    }
    return count;
}

} // namespace faultlab::replica
