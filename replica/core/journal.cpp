#include "replica/core/journal.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"
#include "replica/core/format.hpp"
#include "replica/core/layout.hpp"

#include <algorithm>

namespace faultlab::replica {
namespace {

constexpr std::size_t headers_a_page = page_bytes / sizeof(Header);

/// Bytes that a write of an entry takes: whole pages, with zeroes behind the entry.
std::size_t written_bytes(std::size_t entry, std::size_t slot) {
    return std::min((entry + page_bytes - 1) / page_bytes * page_bytes, slot);
}

} // namespace

Journal::Journal(const Limits& limits, BugSet& bugs)
    : limits_(limits), entry_most_(entry_bytes(limits)), bugs_(bugs), slots_(limits.slots),
      headers_(limits.slots), entries_(zone_bytes(limits, Zone::Prepares)),
      ring_(zone_bytes(limits, Zone::Headers) / sizeof(Header)),
      page_dirty_(zone_bytes(limits, Zone::Headers) / page_bytes) {
    REPLICA_ASSERT("journal.limits", complaint(limits) == nullptr);
    waiting_.reserve(limits.slots);
    batch_.reserve(limits.slots);
    recovery_.slots.resize(limits.slots);
}

const Journal::Slot* Journal::slot(Op op) const {
    const Slot& slot = slots_[index(op)];
    return slot.op == op && slot.state != SlotState::Absent ? &slot : nullptr;
}

const Checksum& Journal::head_checksum() const {
    static constexpr Checksum unknown;
    const Checksum* known = checksum_at(head_);
    return known != nullptr ? *known : unknown;
}

SlotState Journal::state(Op op) const {
    const Slot* found = slot(op);
    return found != nullptr ? found->state : SlotState::Absent;
}

const Header* Journal::header(Op op) const {
    const Slot* found = slot(op);
    return found != nullptr && found->known ? &headers_[index(op)] : nullptr;
}

const Checksum* Journal::checksum_at(Op op) const {
    if (op == checkpoint_) {
        return &checkpoint_parent_;
    }
    if (const Header* own = header(op)) {
        return &own->checksum;
    }
    const Header* next = header(op + 1);
    return next != nullptr ? &next->parent : nullptr;
}

Message Journal::entry(Op op) const {
    const std::size_t place = index(op);
    REPLICA_ASSERT("journal.entry-present",
                   slots_[place].op == op && slots_[place].state == SlotState::Present);
    const Header& of = headers_[place];
    REPLICA_ASSERT("journal.entry-bytes",
                   of.size >= sizeof(Header) && of.size <= limits_.message_bytes);
    const std::uint64_t at = prepare_offset(limits_, place) + sizeof(Header);
    return Message{of, Bytes(entries_).subspan(at, of.size - sizeof(Header))};
}

bool Journal::has(Op op, const Checksum& checksum) const {
    return state(op) == SlotState::Present && headers_[index(op)].checksum == checksum;
}

bool Journal::room(Op op) const {
    const bool covered = op <= checkpoint_ + slots_.size();
    return covered || bugs_.changes(Bug::B4, [&] { return true; });
}

void Journal::append(const Header& header, Bytes body) {
    REPLICA_ASSERT("journal.append-recovered", !recovery_.active);
    const Op op = header.op;
    REPLICA_ASSERT("journal.append-without-gap", op > checkpoint_ && op <= head_ + 1);
    REPLICA_ASSERT("journal.append-room", room(op));
    const std::size_t at = index(op);
    const std::size_t before = (at == 0 ? slots_.size() : at) - 1;
    REPLICA_ASSERT("journal.append-chain",
                   headers_[before].checksum == header.parent || !slots_[before].known ||
                       slots_[before].op + 1 != op || slots_[before].state == SlotState::Absent ||
                       bugs_.on(Bug::B7) || bugs_.on(Bug::KM10));
    if (op <= head_) {
        truncate(op - 1);
    }
    REPLICA_ASSERT("journal.append-durable", durable_ < op);
    head_ = op;
    tail_ = std::max(tail_, op < slots_.size() ? Op{0} : op - slots_.size() + 1);
    place(at, header, body);
}

void Journal::repair(const Header& header, Bytes body) {
    REPLICA_ASSERT("journal.repair-recovered", !recovery_.active);
    REPLICA_ASSERT("journal.repair-faulty", state(header.op) == SlotState::Faulty);
    REPLICA_ASSERT("journal.repair-root", header.op > 0);
    REPLICA_ASSERT("journal.repair-entry", header.command == Command::Prepare);
    REPLICA_ASSERT("journal.repair-above-head", header.op <= head_);
    REPLICA_ASSERT("journal.repair-durable", durable_ < header.op || header.op <= checkpoint_);
    const Checksum* expected = checksum_at(header.op);
    REPLICA_ASSERT("journal.repair-identity",
                   expected == nullptr || *expected == header.checksum || bugs_.on(Bug::B7));
    place(index(header.op), header, body);
    // The header of a bad entry may be of one whose place it took: the write that would have said
    // so went somewhere else. The entry after it knows better.
    const Slot* before = slot(header.op - 1);
    if (before != nullptr && before->state == SlotState::Faulty &&
        headers_[index(before->op)].checksum != header.parent) {
        slots_[index(before->op)].known = false;
    }
}

void Journal::place(std::size_t at, const Header& header, Bytes body) {
    REPLICA_ASSERT("journal.entry-size",
                   header.size == sizeof(Header) + body.size() && header.size <= entry_most_);
    Slot& slot = slots_[at];
    const bool queued = slot.queued && slot.op == header.op;
    if (slot.queued && !queued) { // a checkpoint covers what was to be written
        std::erase(waiting_, slot.op);
    }
    slot = Slot{header.op, SlotState::Present, true, true, false};
    headers_[at] = header;
    const std::span<std::byte> bytes =
        std::span(entries_).subspan(prepare_offset(limits_, at), limits_.message_bytes);
    std::memcpy(bytes.data(), &header, sizeof header);
    if (!body.empty()) {
        std::memcpy(bytes.data() + sizeof header, body.data(), body.size());
    }
    const std::size_t whole = written_bytes(header.size, bytes.size());
    std::memset(bytes.data() + header.size, 0, whole - header.size);
    if (!queued) {
        REPLICA_ASSERT("journal.waiting-room", waiting_.size() < slots_.size()); // one a slot
        waiting_.push_back(header.op);
    }
}

void Journal::truncate(Op last) {
    REPLICA_ASSERT("journal.truncate-checkpoint", last >= checkpoint_);
    REPLICA_ASSERT("journal.truncate-head", head_ >= checkpoint_);
    REPLICA_ASSERT("journal.truncate-span",
                   head_ - checkpoint_ <= slots_.size() || bugs_.on(Bug::B4));
    for (Op op = last + 1; op <= head_; ++op) {
        slots_[index(op)] = Slot{};
    }
    std::erase_if(waiting_, [&](Op op) { return op > last; });
    head_ = std::min(head_, last);
    durable_ = std::min(durable_, last);
}

void Journal::reset(Op checkpoint, const Checksum& parent) {
    REPLICA_ASSERT("journal.reset-recovered", !recovery_.active);
    REPLICA_ASSERT("journal.reset-forward", checkpoint >= checkpoint_);
    const Checksum* own = checkpoint <= head_ ? checksum_at(checkpoint) : nullptr;
    // Where nothing tells, what may have been acknowledged is kept.
    const bool continues = checkpoint <= head_ && (own == nullptr || *own == parent);
    if (!continues) {
        slots_.assign(slots_.size(), Slot{});
        waiting_.clear();
        head_ = checkpoint;
        durable_ = checkpoint;
        tail_ = checkpoint + 1;
    }
    checkpoint_ = checkpoint;
    checkpoint_parent_ = parent;
    durable_ = std::max(durable_, checkpoint);
    // What the ring lacks of a log that goes on must be covered.
    REPLICA_ASSERT("journal.reset-tail", tail_ <= checkpoint_ + 1 || bugs_.on(Bug::B4));
    advance_durable();
}

void Journal::set_checkpoint(Op op) {
    REPLICA_ASSERT("journal.checkpoint-recovered", !recovery_.active);
    REPLICA_ASSERT("journal.checkpoint-forward", op >= checkpoint_);
    const Checksum* parent = checksum_at(op);
    REPLICA_ASSERT("journal.checkpoint-within-log", op <= head_ && parent != nullptr);
    checkpoint_parent_ = *parent;
    checkpoint_ = op;
    if (bugs_.changes(Bug::B18, [&] { return tail_ <= op; })) {
        for (Op gone = tail_; gone <= op; ++gone) {
            slots_[index(gone)] = Slot{};
        }
        std::erase_if(waiting_, [&](Op waiting) { return waiting <= op; });
        tail_ = op + 1;
    }
    durable_ = std::max(durable_, op);
    REPLICA_ASSERT("journal.checkpoint-tail", tail_ <= checkpoint_ + 1 || bugs_.on(Bug::B4));
    advance_durable();
}

Op Journal::durable() const {
    if (bugs_.changes(Bug::B1, [&] { return durable_ < head_; })) {
        return head_;
    }
    return durable_;
}

void Journal::advance_durable() {
    REPLICA_ASSERT("journal.durable-covered", durable_ >= checkpoint_);
    REPLICA_ASSERT("journal.durable-within-log", durable_ <= head_);
    while (durable_ < head_) {
        const Slot* next = slot(durable_ + 1);
        if (next == nullptr || next->state != SlotState::Present || !next->durable) {
            return;
        }
        ++durable_;
    }
}

void Journal::flush(IoId& next_io, Effects& effects) {
    if (batch_sync_ != 0 || waiting_.empty()) {
        return;
    }
    REPLICA_ASSERT("journal.flush-recovered", !recovery_.active);
    REPLICA_ASSERT("journal.flush-io", next_io != 0); // which means none
    REPLICA_ASSERT("journal.flush-batch", batch_.empty());
    batch_first_ = next_io;
    for (const Op op : waiting_) {
        const std::size_t at = index(op);
        REPLICA_ASSERT("journal.flush-queued", slots_[at].queued);
        REPLICA_ASSERT("journal.flush-slot", slots_[at].op == op);
        REPLICA_ASSERT("journal.flush-op", headers_[at].op == op);
        slots_[at].queued = false;
        batch_.push_back(Written{op, headers_[at].checksum});
        const std::uint64_t offset = prepare_offset(limits_, at);
        const std::size_t size = written_bytes(headers_[at].size, limits_.message_bytes);
        effects.write(Zone::Prepares, offset, Bytes(entries_).subspan(offset, size), next_io++);
    }
    waiting_.clear();
    batch_sync_ = next_io++;
    effects.sync(Zone::Prepares, batch_sync_);
}

void Journal::batch_done() {
    REPLICA_ASSERT("journal.batch-some", !batch_.empty());
    REPLICA_ASSERT("journal.batch-ids", batch_sync_ - batch_first_ == batch_.size());
    for (const Written& written : batch_) {
        // Dropped or replaced since: then its header must not say that it is part of the log.
        if (has(written.op, written.checksum) && !slots_[index(written.op)].queued) {
            slots_[index(written.op)].durable = true;
            mark_header(index(written.op));
        }
    }
    batch_.clear();
    batch_sync_ = 0;
    advance_durable();
}

void Journal::mark_header(std::size_t index) {
    ring_[index] = headers_[index];
    mark_page(index / headers_a_page);
}

void Journal::mark_page(std::size_t page) {
    scrub_.page_changed = scrub_.page_changed || page == scrub_.page;
    if (!page_dirty_[page]) {
        page_dirty_[page] = true;
        ++pages_dirty_;
    }
}

/// Slots of the page that never held an entry say whose they are: zeroes that were written to
/// another place would deny what was there.
void Journal::name_vacant(std::size_t page) {
    REPLICA_ASSERT("journal.vacant-page", page < page_dirty_.size());
    for (std::size_t at = page * headers_a_page; at < (page + 1) * headers_a_page; ++at) {
        if (all_zero(bytes_of(ring_[at]))) {
            ring_[at] = vacant_header(at);
        }
    }
}

void Journal::flush_headers(IoId& next_io, Effects& effects) {
    if (headers_sync_ != 0 || pages_dirty_ == 0) {
        return;
    }
    REPLICA_ASSERT("journal.headers-recovered", !recovery_.active);
    REPLICA_ASSERT("journal.headers-io", next_io != 0);
    headers_first_ = next_io;
    for (std::size_t page = 0; page < page_dirty_.size(); ++page) {
        if (page_dirty_[page]) {
            page_dirty_[page] = false;
            name_vacant(page);
            const Bytes bytes =
                std::as_bytes(std::span(ring_).subspan(page * headers_a_page, headers_a_page));
            effects.write(Zone::Headers, page * page_bytes, bytes, next_io++);
        }
    }
    REPLICA_ASSERT("journal.headers-pages", next_io - headers_first_ == pages_dirty_);
    pages_dirty_ = 0;
    headers_sync_ = next_io++;
    effects.sync(Zone::Headers, headers_sync_);
}

void Journal::check() const {
    REPLICA_ASSERT("journal.is-batch", (batch_sync_ == 0) == batch_.empty());
    REPLICA_ASSERT("journal.is-batch-io",
                   batch_sync_ == 0 || batch_sync_ - batch_first_ == batch_.size());
    REPLICA_ASSERT("journal.is-headers-io", headers_sync_ == 0 || headers_first_ < headers_sync_);
    REPLICA_ASSERT("journal.is-tail", tail_ <= head_ + 1);
    REPLICA_ASSERT("journal.is-waiting", waiting_.size() <= slots_.size());
    REPLICA_ASSERT("journal.is-marked", pages_dirty_ <= page_dirty_.size());
    REPLICA_ASSERT("journal.is-head-slot",
                   recovery_.active || head_ == checkpoint_ || slot(head_) != nullptr);
}

bool Journal::clean() const {
    return waiting_.empty() && batch_sync_ == 0 && pages_dirty_ == 0 && headers_sync_ == 0;
}

bool Journal::on_io(const IoDone& done, IoId& next_io, Effects& effects) {
    REPLICA_ASSERT("journal.io-named", done.id != 0);
    if (recovery_.active) {
        return on_recovery_io(done, next_io, effects);
    }
    if (on_scrub_io(done)) {
        return true;
    }
    const bool of_batch = batch_sync_ != 0 && done.id >= batch_first_ && done.id <= batch_sync_;
    const bool of_headers =
        headers_sync_ != 0 && done.id >= headers_first_ && done.id <= headers_sync_;
    if (!of_batch && !of_headers) {
        return false;
    }
    REPLICA_ASSERT("journal.io-of-one", of_batch != of_headers);
    const bool is_sync = done.id == batch_sync_ || done.id == headers_sync_;
    if (done.status != IoStatus::Ok && !bugs_.changes(Bug::B25, [&] { return is_sync; })) {
        failed_ = true;
        return true;
    }
    if (of_batch && is_sync) {
        batch_done();
        flush(next_io, effects);
    } else if (of_headers && is_sync) {
        headers_sync_ = 0;
    }
    return true;
}

} // namespace faultlab::replica
