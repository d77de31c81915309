#include "simulator/disk.hpp"

#include "core/check.hpp"
#include "replica/core/layout.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::simulator {
namespace {

constexpr std::uint64_t sector = 512;

} // namespace

Disk::Disk(const Limits& limits, const DiskOptions& options, Rng rng, Planted* planted)
    : options_(options), rng_(std::move(rng)), planted_(planted) {
    for (std::size_t zone = 0; zone < zone_count; ++zone) {
        parts_[zone].bytes.resize(zone_bytes(limits, static_cast<Zone>(zone)));
    }
}

Disk::Scheduled
Disk::read(Nanos now, Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) {
    ++reads_;
    return schedule(
        now,
        options_.read_min,
        options_.read_max,
        {.operation = Operation::Read, .zone = zone, .offset = offset, .length = length, .id = id});
}

Disk::Scheduled Disk::write(Nanos now, Zone zone, std::uint64_t offset, Bytes bytes, IoId id) {
    FAULTLAB_CHECK(offset + bytes.size() <= part(zone).bytes.size());
    if (misdirect_ && misdirect_->zone == zone &&
        misdirect_->offset + bytes.size() <= part(zone).bytes.size()) {
        offset = misdirect_->offset;
        misdirect_.reset();
        ++misdirected_;
    }
    return schedule(now,
                    options_.write_min,
                    options_.write_max,
                    {.operation = Operation::Write,
                     .zone = zone,
                     .offset = offset,
                     .id = id,
                     .bytes = copy_of(bytes)});
}

Disk::Scheduled Disk::sync(Nanos now, Zone zone, IoId id) {
    return schedule(now,
                    options_.sync_min,
                    options_.sync_max,
                    {.operation = Operation::Sync, .zone = zone, .id = id});
}

Disk::Scheduled Disk::schedule(Nanos now, Nanos least, Nanos most, Pending pending) {
    Part& on = part(pending.zone);
    if (now < on.stalled_until) ++stalled_;
    const Nanos start = std::max(now, on.busy_until);
    on.busy_until = start + rng_.between(least, most) * slowness_;
    pending.ticket = next_ticket_++;
    pending_.push_back(std::move(pending));
    return {.ticket = pending_.back().ticket, .delay = on.busy_until - now};
}

std::optional<Disk::Done> Disk::complete(Ticket ticket) {
    const auto found = std::ranges::find(pending_, ticket, &Pending::ticket);
    if (found == pending_.end()) return std::nullopt;
    Pending pending = std::move(*found);
    pending_.erase(found);
    Done done{.id = pending.id, .status = apply(pending)};
    const bool reads = pending.operation == Operation::Read;
    if (!reads && done.status != IoStatus::Ok) {
        ++refusals_;
        if (fires(SimBug::HB2)) done.status = IoStatus::Ok;
    }
    if (reads) done.bytes = std::move(pending.bytes);
    return done;
}

IoStatus Disk::apply(Pending& pending) {
    Part& on = part(pending.zone);
    const bool fails =
        fail_ && fail_->zone == pending.zone && fail_->operation == pending.operation;
    if (fails) fail_.reset();
    switch (pending.operation) {
        case Operation::Read: {
            const Bytes all(on.bytes);
            if (fails || pending.offset + pending.length > all.size()) {
                ++failed_reads_;
                return IoStatus::Failed;
            }
            std::uint64_t offset = pending.offset;
            if (misread_ && misread_->zone == pending.zone && misread_->offset != offset &&
                misread_->offset + pending.length <= all.size() &&
                (!misreadable_ || misreadable_(offset, pending.length))) {
                offset = misread_->offset;
                misread_.reset();
                ++misread_count_;
            }
            for (Flip& flip : flips_) {
                const bool read = flip.place.offset - pending.offset < pending.length;
                flip.shown = flip.shown ||
                             (read && flip.place.zone == pending.zone && offset == pending.offset);
            }
            pending.bytes = copy_of(all.subspan(offset, pending.length));
            return IoStatus::Ok;
        }
        case Operation::Write:
            if (full_) return IoStatus::Full;
            if (fails) return IoStatus::Failed;
            if (fires(SimBug::HB3)) pending.bytes.resize(pending.bytes.size() / 2);
            apply_write(on, pending.offset, std::move(pending.bytes));
            return IoStatus::Ok;
        case Operation::Sync: return apply_sync(on, fails);
    }
    return IoStatus::Failed;
}

void Disk::apply_write(Part& to, std::uint64_t offset, std::vector<std::byte> bytes) {
    const auto place = std::span(to.bytes).subspan(offset, bytes.size());
    Volatile write{.offset = offset, .before = copy_of(place)};
    std::ranges::copy(bytes, place.begin());
    write.after = std::move(bytes);
    to.writes.push_back(std::move(write));
}

std::vector<std::byte> Disk::copy_of(Bytes bytes) {
    std::vector<std::byte> copy;
    if (!spare_.empty()) {
        copy = std::move(spare_.back());
        spare_.pop_back();
    }
    copy.assign(bytes.begin(), bytes.end());
    return copy;
}

IoStatus Disk::apply_sync(Part& to, bool fails) {
    if (fails) {
        for (Volatile& write : to.writes) {
            write.lost = true;
        }
        return IoStatus::Failed;
    }
    if (fires(SimBug::SB4)) return IoStatus::Ok;
    // What is durable now is also what comes back when a lost write below it vanishes.
    for (const Volatile& durable : to.writes) {
        if (durable.lost) continue;
        for (Volatile& lost : to.writes) {
            const std::uint64_t begin = std::max(lost.offset, durable.offset);
            const std::uint64_t end =
                std::min(lost.offset + lost.before.size(), durable.offset + durable.after.size());
            for (std::uint64_t at = begin; lost.lost && at < end; ++at) {
                lost.before[at - lost.offset] = durable.after[at - durable.offset];
            }
        }
    }
    for (Volatile& durable : to.writes) {
        if (durable.lost) continue;
        spare_.push_back(std::move(durable.before));
        spare_.push_back(std::move(durable.after));
    }
    std::erase_if(to.writes, [](const Volatile& write) { return !write.lost; });
    return IoStatus::Ok;
}

void Disk::crash() {
    std::size_t handed_over = pending_.empty() ? 0 : rng_.below(pending_.size() + 1);
    for (Pending& pending : pending_) {
        if (handed_over-- == 0) break;
        if (pending.operation == Operation::Write && !full_) {
            apply_write(part(pending.zone), pending.offset, std::move(pending.bytes));
        }
    }
    pending_.clear();
    misread_.reset();
    for (Part& on : parts_) {
        on.busy_until = 0;
        on.stalled_until = 0;
    }
}

void Disk::power_cut() {
    ++power_cuts_;
    crash();
    if (fires(SimBug::SB13)) return;
    for (Part& on : parts_) {
        cut_power(on);
    }
}

void Disk::cut_power(Part& to) {
    for (auto write = to.writes.rbegin(); write != to.writes.rend(); ++write) {
        std::ranges::copy(write->before,
                          to.bytes.begin() + static_cast<std::ptrdiff_t>(write->offset));
    }
    for (const Volatile& write : to.writes) {
        const std::uint64_t fate = write.lost ? 0 : rng_.below(3); // lost, kept, torn
        if (fate == 0) continue;
        std::uint64_t next = 0;
        for (std::uint64_t at = 0; at < write.after.size(); at = next) {
            const std::uint64_t to_edge = sector - (write.offset + at) % sector;
            next = std::min<std::uint64_t>(at + to_edge, write.after.size());
            if (fate == 2 && rng_.chance(1, 2)) {
                ++torn_;
                continue;
            }
            std::copy_n(write.after.begin() + static_cast<std::ptrdiff_t>(at),
                        next - at,
                        to.bytes.begin() + static_cast<std::ptrdiff_t>(write.offset + at));
        }
    }
    to.writes.clear();
}

void Disk::wipe() {
    ++wipes_;
    flips_.clear();
    pending_.clear();
    for (Part& on : parts_) {
        std::ranges::fill(on.bytes, std::byte{0});
        on.writes.clear();
        on.busy_until = 0;
    }
    heal();
}

void Disk::rot(Zone zone, std::uint64_t offset, std::uint64_t length) {
    Part& on = part(zone);
    FAULTLAB_CHECK(offset + length <= on.bytes.size());
    rotten_.push_back({zone, offset});
    const std::uint64_t end = offset + length;
    while (offset < end) {
        const std::uint64_t size = std::min(sector, end - offset);
        const std::uint64_t at = offset + rng_.below(size);
        flips_.push_back({.place = {zone, at}});
        on.bytes[at] ^= std::byte{1} << static_cast<unsigned>(rng_.below(8));
        offset += size;
    }
}

void Disk::stall(Zone zone, Nanos until) {
    Part& on = part(zone);
    on.busy_until = std::max(on.busy_until, until);
    on.stalled_until = std::max(on.stalled_until, until);
}

void Disk::heal() {
    fail_.reset();
    misdirect_.reset();
    misread_.reset();
    full_ = false;
    slowness_ = 1;
}

Nanos Disk::busy_until() const {
    Nanos last = 0;
    for (const Part& on : parts_)
        last = std::max(last, on.busy_until);
    return last;
}

std::size_t Disk::volatile_writes(Zone zone) const {
    const auto waiting = std::ranges::count_if(pending_, [zone](const Pending& pending) {
        return pending.zone == zone && pending.operation == Operation::Write;
    });
    return part(zone).writes.size() + static_cast<std::size_t>(waiting);
}

std::size_t Disk::reads_under_way() const {
    return static_cast<std::size_t>(
        std::ranges::count(pending_, Operation::Read, &Pending::operation));
}

void Disk::format(Zone zone, Bytes bytes) {
    FAULTLAB_CHECK(bytes.size() <= part(zone).bytes.size());
    std::ranges::copy(bytes, part(zone).bytes.begin());
}

} // namespace faultlab::simulator
