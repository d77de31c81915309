#pragma once

#include "simulator/audits.hpp"
#include "simulator/disk.hpp"
#include "simulator/names.hpp"

#include <cstdint>
#include <vector>

namespace faultlab::simulator {

/// Holds a disk to what it told its replica: that a write it calls done is there, and that what a
/// sync has covered outlives a power cut. It knows what was asked and answered, and looks at the
/// content; it shares no bookkeeping with the disk. Owned by one thread.
class DiskWatch {
public:
    // Each costs time: so few that nobody notices.
    /// Of so many operations one is watched, if it is a write. Older ones are forgotten.
    static constexpr Disk::Ticket watched_each = 5;
    static constexpr std::size_t watched_most = 8;
    /// Of so many one is looked at when it is done, and all that are watched after a power cut.
    static constexpr Disk::Ticket looked_at_each = 30;
    static_assert(looked_at_each % watched_each == 0);

    /// The replica asks for a write. It is forgotten when its place is written again.
    void asked(const Disk& disk,
               Disk::Ticket ticket,
               Zone zone,
               std::uint64_t offset,
               std::uint64_t size,
               const Checksum& checksum);
    /// The replica asks for a sync.
    void asked_sync(Disk::Ticket ticket, Zone zone);
    /// The disk has answered so.
    void answered(const Disk& disk, Disk::Ticket ticket, IoStatus status, Audits& audits);
    /// The process has died: nothing that is under way will be answered.
    void died();
    /// The power was cut; the process had died before.
    void power_was_cut(const Disk& disk, Audits& audits);

private:
    enum class State : std::uint8_t { UnderWay, Written, Durable };
    struct Write {
        Disk::Ticket ticket = 0;
        Zone zone = Zone::Superblock;
        State state = State::UnderWay;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        Checksum checksum;
    };
    struct Sync {
        Disk::Ticket ticket = 0;
        Zone zone = Zone::Superblock;
    };

    [[nodiscard]] static bool there(const Disk& disk, const Write& write);
    void notice_damage(const Disk& disk);
    void synced(Zone zone, IoStatus status);

    std::vector<Write> writes_; ///< the newest, none of them over another
    std::vector<Sync> syncs_;   ///< under way
    std::uint64_t damage_ = 0;  ///< of the disk by faults, that is known here
};

} // namespace faultlab::simulator
