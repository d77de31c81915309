#pragma once

#include "replica/core/format.hpp"
#include "replica/core/snapshot_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_disk/disk_double.hpp"

namespace faultlab::replica {

/// A store on a disk, which may be replaced as if the process had begun anew.
struct StoreDouble {
    Limits limits = small_limits();
    BugSet bugs;
    DiskDouble disk{limits};
    std::unique_ptr<SnapshotStore> store = std::make_unique<SnapshotStore>(limits, bugs);
    IoId next_io = 1;

    StoreDouble() = default;
    /// With a snapshot of so many bytes on the disk.
    explicit StoreDouble(std::size_t size) {
        write(size, 6, 0);
        settle();
    }
    void step(IoStatus status = IoStatus::Ok) {
        disk.step([&](const IoDone& done) { CHECK(store->on_io(done, next_io, disk)); }, status);
    }
    void settle() {
        while (!disk.idle()) {
            step();
        }
    }
    void restart() {
        disk.kill();
        store = std::make_unique<SnapshotStore>(limits, bugs);
    }
    /// Begins to write a snapshot of `size` bytes, whose contents follow from `seed`.
    void write(std::size_t size, unsigned seed, std::uint32_t area) {
        const auto image = store->begin_image();
        for (std::size_t byte = 0; byte < size; ++byte) {
            image[byte] = static_cast<std::byte>(byte * 31 + byte / 256 + seed);
        }
        ManifestHead head;
        head.entry = root_header(1);
        head.entry.op = seed;
        seal(head.entry, {});
        head.bytes = size;
        store->write(head, area, next_io, disk);
    }
    [[nodiscard]] std::size_t chunk_of(std::size_t index) const {
        return area_bytes(limits) * store->area() + manifest_bytes(limits) +
               index * chunk_bytes(limits);
    }
};

} // namespace faultlab::replica
