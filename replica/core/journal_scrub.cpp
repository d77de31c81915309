#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"
#include "replica/core/journal.hpp"
#include "replica/core/layout.hpp"

#include <algorithm>

namespace faultlab::replica {

void Journal::scrub(std::uint32_t count, IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("journal.scrub-recovered", !recovery_.active);
    if (scrub_.outstanding > 0) {
        return;
    }
    REPLICA_ASSERT("journal.scrub-io", next_io != 0);
    REPLICA_ASSERT("journal.scrub-next", scrub_.next_slot < slots_.size());
    check_books();
    for (Scrub::Read& read : scrub_.reads) {
        if (count-- == 0) {
            break;
        }
        const std::size_t at = scrub_.next_slot;
        scrub_.next_slot = (at + 1) % slots_.size();
        scrub_.tours += scrub_.next_slot == 0 ? 1 : 0;
        const Slot& slot = slots_[at];
        if (slot.state != SlotState::Absent) {
            check_slot(at);
        }
        if (slot.state != SlotState::Present || !slot.durable || slot.op == 0) {
            continue;
        }
        REPLICA_ASSERT("journal.scrub-free", read.id == 0); // none is outstanding
        read = Scrub::Read{next_io++, slot.op, headers_[at].checksum};
        ++scrub_.outstanding;
        effects.read(Zone::Prepares, prepare_offset(limits_, at), headers_[at].size, read.id);
    }
    if (headers_sync_ != 0) {
        return;
    }
    scrub_.page = (scrub_.page + 1) % page_dirty_.size();
    scrub_.page_changed = page_dirty_[scrub_.page];
    scrub_.page_read = next_io++;
    ++scrub_.outstanding;
    effects.read(Zone::Headers, scrub_.page * page_bytes, page_bytes, scrub_.page_read);
}

void Journal::check_books() const {
    const auto queued = std::ranges::count_if(slots_, &Slot::queued);
    REPLICA_ASSERT("journal.books-waiting", static_cast<std::size_t>(queued) == waiting_.size());
    REPLICA_ASSERT("journal.books-batch", (batch_sync_ == 0) == batch_.empty());
    const auto dirty = std::ranges::count(page_dirty_, true);
    REPLICA_ASSERT("journal.books-pages", static_cast<std::size_t>(dirty) == pages_dirty_);
    REPLICA_ASSERT("journal.books-headers", headers_sync_ == 0 || headers_first_ < headers_sync_);
    REPLICA_ASSERT("journal.books-page", scrub_.page_read == 0);
    const auto waits = [&](Op op) {
        return slots_[index(op)].queued && slots_[index(op)].op == op;
    };
    REPLICA_ASSERT("journal.books-waiting-op", std::ranges::all_of(waiting_, waits));
    for (Op op = checkpoint_ + 1; op <= head_; ++op) {
        const Slot& slot = slots_[index(op)];
        REPLICA_ASSERT("journal.books-durable", op > durable_ || (slot.op == op && slot.durable));
        REPLICA_ASSERT("journal.books-faulty",
                       op <= newest_faulty_ || slot.state != SlotState::Faulty);
    }
    REPLICA_ASSERT("journal.books-failed", !failed_); // it halts
    const Header* covered = header(checkpoint_);
    REPLICA_ASSERT("journal.books-checkpoint",
                   covered == nullptr || covered->checksum == checkpoint_parent_ || bugs_.any());
}

void Journal::check_slot(std::size_t at) const {
    const Slot& slot = slots_[at];
    REPLICA_ASSERT("journal.slot-place", index(slot.op) == at);
    REPLICA_ASSERT("journal.slot-log", slot.op >= tail_ && slot.op <= head_);
    if (slot.state != SlotState::Present) {
        REPLICA_ASSERT("journal.slot-faulty", !slot.queued);
        return;
    }
    REPLICA_ASSERT("journal.slot-known", slot.known);
    const Header& header = headers_[at];
    REPLICA_ASSERT("journal.scrub-entry", header.op == slot.op);
    REPLICA_ASSERT("journal.slot-bytes",
                   header.size >= sizeof(Header) && header.size <= limits_.message_bytes);
    const Bytes bytes = Bytes(entries_).subspan(prepare_offset(limits_, at), header.size);
    REPLICA_ASSERT("journal.slot-header", std::memcmp(bytes.data(), &header, sizeof header) == 0);
    REPLICA_ASSERT("journal.slot-body",
                   checksum(bytes.subspan(sizeof header)) == header.body_checksum);
    REPLICA_ASSERT("journal.slot-sealed", checksum_of(header) == header.checksum || bugs_.any());
    const Header* next = slot.op < head_ ? this->header(slot.op + 1) : nullptr;
    REPLICA_ASSERT("journal.slot-chain",
                   next == nullptr || next->parent == header.checksum || bugs_.any());
}

bool Journal::on_scrub_io(const IoDone& done) {
    const auto read = std::ranges::find(scrub_.reads, done.id, &Scrub::Read::id);
    const bool is_page = done.id == scrub_.page_read;
    if (scrub_.outstanding == 0 || (read == scrub_.reads.end() && !is_page)) {
        return false;
    }
    REPLICA_ASSERT("journal.scrub-outstanding", scrub_.outstanding <= scrub_.reads.size() + 1);
    --scrub_.outstanding;
    const Bytes bytes = done.status == IoStatus::Ok ? done.bytes : Bytes{};
    if (is_page) {
        scrub_.page_read = 0;
        compare_page(bytes);
    } else {
        compare_entry(*read, bytes);
        read->id = 0;
    }
    return true;
}

void Journal::compare_entry(const Scrub::Read& read, Bytes bytes) {
    const std::size_t at = index(read.op);
    Slot& slot = slots_[at];
    if (!has(read.op, read.checksum) || !slot.durable || slot.queued) {
        return; // it was replaced in the meantime
    }
    REPLICA_ASSERT("journal.scrub-bytes", headers_[at].size <= limits_.message_bytes);
    const Bytes right = Bytes(entries_).subspan(prepare_offset(limits_, at), headers_[at].size);
    if (!same_bytes(bytes, right)) {
        ++scrub_.found;
        REPLICA_ASSERT("journal.scrub-waiting-room", waiting_.size() < slots_.size());
        slot.queued = true;
        waiting_.push_back(read.op);
    }
}

void Journal::compare_page(Bytes bytes) {
    if (scrub_.page_changed) {
        return;
    }
    REPLICA_ASSERT("journal.scrub-page", scrub_.page < page_dirty_.size());
    REPLICA_ASSERT("journal.scrub-clean", !page_dirty_[scrub_.page]);
    const std::size_t headers = page_bytes / sizeof(Header);
    const Bytes right = std::as_bytes(std::span(ring_).subspan(scrub_.page * headers, headers));
    if (!same_bytes(bytes, right)) {
        ++scrub_.found;
        mark_page(scrub_.page);
    }
}

} // namespace faultlab::replica
