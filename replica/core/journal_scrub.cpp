#include "replica/core/assert.hpp"
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
    for (Scrub::Read& read : scrub_.reads) {
        if (count-- == 0) {
            break;
        }
        const std::size_t at = scrub_.next_slot;
        scrub_.next_slot = (at + 1) % slots_.size();
        scrub_.tours += scrub_.next_slot == 0 ? 1 : 0;
        const Slot& slot = slots_[at];
        if (slot.state != SlotState::Present || !slot.durable || slot.op == 0) {
            continue;
        }
        REPLICA_ASSERT("journal.scrub-free", read.id == 0); // none is outstanding
        REPLICA_ASSERT("journal.scrub-entry", headers_[at].op == slot.op);
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
    if (!std::ranges::equal(bytes, right)) {
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
    if (!std::ranges::equal(bytes, right)) {
        ++scrub_.found;
        mark_page(scrub_.page);
    }
}

} // namespace faultlab::replica
