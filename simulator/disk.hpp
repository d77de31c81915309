#pragma once

#include "core/rng.hpp"
#include "simulator/names.hpp"
#include "simulator/simbugs.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab::simulator {

struct DiskOptions {
    Nanos read_min = 20'000;
    Nanos read_max = 200'000;
    Nanos write_min = 20'000;
    Nanos write_max = 200'000;
    Nanos sync_min = 100'000;
    Nanos sync_max = 1'000'000;
};

/// The files of one replica behind a page cache. A write is visible once it is done and survives
/// the death of the process; it survives a power cut only when a sync of its zone has succeeded
/// after it. Operations on a zone happen one after the other, in the order in which they were asked
/// for.
class Disk {
public:
    using Ticket = std::uint64_t;

    /// `planted` outlives it; null: no mistake is.
    Disk(const Limits& limits, const DiskOptions& options, Rng rng, Planted* planted = nullptr);

    // --- what the replica asks for: `complete` is to be called with the ticket after the delay
    struct Scheduled {
        Ticket ticket = 0;
        Nanos delay = 0;
    };
    Scheduled read(Nanos now, Zone zone, std::uint64_t offset, std::uint32_t length, IoId id);
    Scheduled write(Nanos now, Zone zone, std::uint64_t offset, Bytes bytes, IoId id);
    Scheduled sync(Nanos now, Zone zone, IoId id);

    struct Done {
        IoId id = 0;
        IoStatus status = IoStatus::Ok;
        std::vector<std::byte> bytes; ///< of a read
    };
    /// Nothing when the operation died with its process.
    std::optional<Done> complete(Ticket ticket);
    /// The bytes of a read, once the replica has seen them: their memory is used again.
    void give_back(std::vector<std::byte> bytes) { spare_.push_back(std::move(bytes)); }

    // --- ends of the process
    /// The process dies: of the writes under way, those before a random one were still handed over.
    void crash();
    /// The machine dies: each write that no sync covered is kept, lost, or torn by sector.
    void power_cut();
    /// A new, empty disk.
    void wipe();

    // --- faults
    /// Flips a random bit in each sector of the range, on the medium itself.
    void rot(Zone zone, std::uint64_t offset, std::uint64_t length);
    enum class Operation : std::uint8_t { Read, Write, Sync };
    /// The next operation of this kind on this zone fails. A failed sync has lost what it should
    /// have made durable, although reads still see it (fsync on Linux marks such pages clean).
    void fail_next(Zone zone, Operation operation) { fail_ = {zone, operation}; }
    /// Nothing on this zone completes before then.
    void stall(Zone zone, Nanos until);
    /// The next write to this zone lands at `offset` instead.
    void misdirect_next(Zone zone, std::uint64_t offset) { misdirect_ = {zone, offset}; }
    /// Which reads may be misread, by where they are and how much they read; empty: all.
    using Misreadable = std::function<bool(std::uint64_t offset, std::uint32_t length)>;
    /// The next such read of this zone by a process that runs shows what is at `offset` instead.
    void misread_next(Zone zone, std::uint64_t offset, Misreadable which = {}) {
        misread_ = {zone, offset};
        misreadable_ = std::move(which);
    }
    void misread_no_more() { misread_.reset(); }
    /// Whether writes fail because there is no space.
    void set_full(bool full) { full_ = full; }
    void heal();
    /// Multiplies all latencies.
    void set_slowness(std::uint32_t factor) { slowness_ = factor; }

    // --- what tests look at
    [[nodiscard]] Bytes content(Zone zone) const { return part(zone).bytes; }
    /// Writes to the zone that a power cut may lose, finished or not.
    [[nodiscard]] std::size_t volatile_writes(Zone zone) const;
    /// How many writes and syncs it has failed so far.
    [[nodiscard]] std::uint64_t refusals() const { return refusals_; }
    /// Likewise reads.
    [[nodiscard]] std::uint64_t failed_reads() const { return failed_reads_; }
    [[nodiscard]] std::uint64_t misdirected() const { return misdirected_; }
    [[nodiscard]] std::uint64_t misread() const { return misread_count_; }
    /// How many operations it was asked for.
    [[nodiscard]] std::uint64_t operations() const { return next_ticket_ - 1; }
    /// How many of them were reads.
    [[nodiscard]] std::uint64_t reads() const { return reads_; }
    /// How many of these are not done yet.
    [[nodiscard]] std::size_t reads_under_way() const;
    /// How many of all had to wait because of `stall`.
    [[nodiscard]] std::uint64_t stalled() const { return stalled_; }
    /// Pieces of writes that a power cut has lost, of writes that it has not lost whole.
    [[nodiscard]] std::uint64_t torn() const { return torn_; }
    [[nodiscard]] bool idle() const { return pending_.empty(); }
    /// Replaces the content of a zone: durable at once.
    void format(Zone zone, Bytes bytes);

    // --- what is wrong with it, for who writes down what happened
    struct Place {
        Zone zone = Zone::Superblock;
        std::uint64_t offset = 0;
    };
    struct Fail {
        Zone zone;
        Operation operation;
    };
    [[nodiscard]] const std::optional<Fail>& fails_next() const { return fail_; }
    [[nodiscard]] const std::optional<Place>& misdirects_next() const { return misdirect_; }
    [[nodiscard]] const std::optional<Place>& misreads_next() const { return misread_; }
    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] std::uint32_t slowness() const { return slowness_; }
    [[nodiscard]] Nanos stalled_until(Zone zone) const { return part(zone).stalled_until; }
    /// Where something has rotten, one after the other.
    [[nodiscard]] const std::vector<Place>& rotten() const { return rotten_; }
    /// A byte that has rotten.
    struct Flip {
        Place place;
        bool shown = false; ///< a read has shown it
    };
    [[nodiscard]] const std::vector<Flip>& flips() const { return flips_; }
    /// When all that it was asked for so far is done.
    [[nodiscard]] Nanos busy_until() const;
    [[nodiscard]] std::uint64_t power_cuts() const { return power_cuts_; }
    [[nodiscard]] std::uint64_t wipes() const { return wipes_; }

private:
    struct Pending {
        Ticket ticket = 0;
        Operation operation = Operation::Read;
        Zone zone = Zone::Superblock;
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        IoId id = 0;
        std::vector<std::byte> bytes;
    };
    /// A finished write that is not durable: what it wrote and what was there before.
    struct Volatile {
        std::uint64_t offset = 0;
        std::vector<std::byte> before;
        std::vector<std::byte> after;
        bool lost = false; ///< a sync failed: no later one covers it
    };
    struct Part {
        std::vector<std::byte> bytes;
        std::vector<Volatile> writes;
        Nanos busy_until = 0;
        Nanos stalled_until = 0;
    };

    [[nodiscard]] const Part& part(Zone zone) const {
        return parts_[static_cast<std::size_t>(zone)];
    }
    [[nodiscard]] Part& part(Zone zone) { return parts_[static_cast<std::size_t>(zone)]; }
    Scheduled schedule(Nanos now, Nanos least, Nanos most, Pending pending);
    IoStatus apply(Pending& pending);
    void apply_write(Part& to, std::uint64_t offset, std::vector<std::byte> bytes);
    IoStatus apply_sync(Part& to, bool fails);
    void cut_power(Part& to);
    [[nodiscard]] std::vector<std::byte> copy_of(Bytes bytes);

    [[nodiscard]] bool fires(SimBug bug) { return planted_ != nullptr && planted_->fires(bug); }

    DiskOptions options_;
    Rng rng_;
    Planted* planted_;
    std::array<Part, zone_count> parts_;
    std::vector<Pending> pending_;              ///< in the order in which they were asked for
    std::vector<std::vector<std::byte>> spare_; ///< memory of what is over, for others
    Ticket next_ticket_ = 1;
    std::optional<Fail> fail_;
    std::optional<Place> misdirect_;
    std::optional<Place> misread_;
    Misreadable misreadable_;
    std::vector<Place> rotten_;
    std::vector<Flip> flips_;
    std::uint64_t power_cuts_ = 0;
    std::uint64_t wipes_ = 0;
    bool full_ = false;
    std::uint64_t reads_ = 0;
    std::uint64_t refusals_ = 0;
    std::uint64_t failed_reads_ = 0;
    std::uint64_t misdirected_ = 0;
    std::uint64_t misread_count_ = 0;
    std::uint64_t stalled_ = 0;
    std::uint64_t torn_ = 0;
    std::uint32_t slowness_ = 1;
};

} // namespace faultlab::simulator
