#pragma once

#include "replica/core/format.hpp"
#include "replica/core/journal.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_disk/disk_double.hpp"

#include <memory>

namespace faultlab::replica {

/// A journal on a disk double, and the log that it should hold.
struct LogDouble {
    struct Entry {
        Header header;
        std::vector<std::byte> body;
    };

    Limits limits = small_limits();
    BugSet bugs;
    DiskDouble disk{limits};
    std::unique_ptr<Journal> journal = std::make_unique<Journal>(limits, bugs);
    Superblock superblock; ///< as durable
    IoId next_io = 1;
    View view;
    Op committed = 0; ///< as the primary of the next entries knows
    std::vector<Entry> entries; ///< by op; 0 is the root

    explicit LogDouble(std::size_t count = 0) {
        entries.push_back({root_header(1), {}});
        journal->reset(0, entries.front().header.checksum);
        superblock.cluster = 1;
        superblock.limits = limits;
        superblock.checkpoint_parent = entries.front().header.checksum;
        append(count);
    }
    /// The next entry of the log, in `view`; its body is long enough to take several sectors.
    [[nodiscard]] Entry next() const {
        Entry entry;
        entry.header.cluster = 1;
        entry.header.command = Command::Prepare;
        entry.header.view = view;
        entry.header.op = entries.size();
        entry.header.commit = committed;
        entry.header.parent = entries.back().header.checksum;
        entry.body.assign(600 + 7 * entries.size(), static_cast<std::byte>(entries.size()));
        seal(entry.header, entry.body);
        return entry;
    }
    void append(std::size_t count) {
        for (; count > 0; --count) {
            entries.push_back(next());
            journal->append(entries.back().header, entries.back().body);
        }
    }
    void flush() { journal->flush(next_io, disk); }
    void flush_headers() { journal->flush_headers(next_io, disk); }
    void step(IoStatus status = IoStatus::Ok) {
        disk.step([&](const IoDone& done) { CHECK(journal->on_io(done, next_io, disk)); }, status);
    }
    void checkpoint(Op op) {
        superblock.checkpoint_op = op;
        superblock.checkpoint_parent = entries.at(op).header.checksum;
        journal->set_checkpoint(op);
    }
    void begin_restart() {
        journal = std::make_unique<Journal>(limits, bugs);
        journal->recover(superblock, next_io, disk);
    }
    const Journal& restart() {
        disk.kill();
        begin_restart();
        settle();
        CHECK(journal->recovered());
        return *journal;
    }
    void settle() {
        while (!disk.idle()) {
            step();
        }
    }
};

} // namespace faultlab::replica
