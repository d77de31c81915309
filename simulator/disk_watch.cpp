#include "simulator/disk_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab::simulator {
bool DiskWatch::there(const Disk& disk, const Write& write) {
    return checksum(disk.content(write.zone).subspan(write.offset, write.size)) == write.checksum;
}

/// What faults have done to the medium nobody promised to keep.
void DiskWatch::notice_damage(const Disk& disk) {
    const std::uint64_t damage = disk.rotten().size() + disk.misdirected() + disk.wipes();
    if (damage == damage_) return;
    damage_ = damage;
    writes_.clear();
}

void DiskWatch::asked(const Disk& disk,
                      Disk::Ticket ticket,
                      Zone zone,
                      std::uint64_t offset,
                      std::uint64_t size,
                      const Checksum& checksum) {
    const std::uint64_t known = damage_;
    notice_damage(disk);
    std::erase_if(writes_, [&](const Write& write) {
        return write.zone == zone && write.offset < offset + size &&
               offset < write.offset + write.size;
    });
    if (ticket % watched_each != 0 || damage_ != known) return; // it may have been misdirected
    if (writes_.size() == watched_most) writes_.erase(writes_.begin());
    writes_.push_back(
        {.ticket = ticket, .zone = zone, .offset = offset, .size = size, .checksum = checksum});
}

void DiskWatch::asked_sync(Disk::Ticket ticket, Zone zone) {
    // A zone does one thing after the other: a sync covers what was asked for before it.
    const bool covers = std::ranges::any_of(writes_, [zone](const Write& write) {
        return write.zone == zone && write.state != State::Durable;
    });
    if (covers) syncs_.push_back({ticket, zone});
}

void DiskWatch::answered(const Disk& disk, Disk::Ticket ticket, IoStatus status, Audits& audits) {
    if (ticket % watched_each != 0 && syncs_.empty()) return;
    notice_damage(disk);
    if (const auto sync = std::ranges::find(syncs_, ticket, &Sync::ticket); sync != syncs_.end()) {
        synced(sync->zone, status);
        syncs_.erase(sync);
        return;
    }
    const auto write = std::ranges::find(writes_, ticket, &Write::ticket);
    if (write == writes_.end()) return; // a read, or forgotten
    if (status != IoStatus::Ok) {
        writes_.erase(write);
        return;
    }
    write->state = State::Written;
    if (ticket % looked_at_each != 0) return;
    audits.judge(Audit::DiskContent, there(disk, *write), [&] {
        return fmt::format("a write of {} bytes to {} was reported as done, and is not there",
                           write->size,
                           replica::name(write->zone));
    });
}

void DiskWatch::synced(Zone zone, IoStatus status) {
    // After a sync that failed, what was written before it is never known to be durable.
    if (status != IoStatus::Ok) {
        std::erase_if(writes_, [zone](const Write& write) {
            return write.zone == zone && write.state == State::Written;
        });
        return;
    }
    for (Write& write : writes_) {
        if (write.zone == zone && write.state == State::Written) write.state = State::Durable;
    }
}

void DiskWatch::died() {
    syncs_.clear();
    std::erase_if(writes_, [](const Write& write) { return write.state == State::UnderWay; });
}

void DiskWatch::power_was_cut(const Disk& disk, Audits& audits) {
    notice_damage(disk);
    std::uint64_t unsynced = 0;
    std::uint64_t gone = 0;
    for (const Write& write : writes_) {
        const bool kept = there(disk, write);
        if (write.state == State::Durable) {
            audits.judge(Audit::Durability, kept, [&] {
                return fmt::format("{} bytes of {} were synced, and lost in a power cut",
                                   write.size,
                                   replica::name(write.zone));
            });
        } else {
            ++unsynced;
            gone += kept ? 0 : 1;
        }
    }
    audits.chances_of_power_cuts(unsynced, gone);
    std::erase_if(writes_, [](const Write& write) { return write.state != State::Durable; });
}

} // namespace faultlab::simulator
