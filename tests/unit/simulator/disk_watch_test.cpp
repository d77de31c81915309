#include "simulator/disk_watch.hpp"
#include "simulator/world.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;
using namespace faultlab::replica;
using namespace faultlab::simulator;

namespace {

/// A disk that is watched, and whose operations are carried out when asked to.
struct Watched {
    Disk disk{small_limits(), {}, Rng(1)};
    DiskWatch watch;
    Audits audits;
    IoId next = 1;

    /// One that is watched, and looked at when it is done.
    void write(std::uint64_t offset, char fill) {
        while ((disk.operations() + 1) % DiskWatch::looked_at_each != 0)
            disk.read(0, Zone::Prepares, 0, 512, next++);
        const std::vector<std::byte> bytes(1024, static_cast<std::byte>(fill));
        const auto ticket = disk.write(0, Zone::Prepares, offset, bytes, next++).ticket;
        watch.asked(disk, ticket, Zone::Prepares, offset, bytes.size(), checksum(bytes));
        finish(ticket);
    }
    IoStatus sync() {
        const auto ticket = disk.sync(0, Zone::Prepares, next++).ticket;
        watch.asked_sync(ticket, Zone::Prepares);
        return finish(ticket);
    }
    IoStatus finish(Disk::Ticket ticket) {
        const IoStatus status = disk.complete(ticket)->status;
        watch.answered(disk, ticket, status, audits);
        return status;
    }
    void power_cut() {
        watch.died();
        disk.power_cut();
        watch.power_was_cut(disk, audits);
    }
    /// Changes the content behind the back of all.
    void lose(std::uint64_t offset) {
        std::vector<std::byte> bytes(disk.content(Zone::Prepares).begin(),
                                     disk.content(Zone::Prepares).end());
        bytes[offset] ^= std::byte{1};
        disk.format(Zone::Prepares, bytes);
    }
    [[nodiscard]] bool caught(Audit audit) const {
        for (const Mistake& mistake : audits.mistakes()) {
            if (mistake.audit == audit) return true;
        }
        return false;
    }
};

} // namespace

TEST_CASE("What was synced and is gone after a power cut is seen", "[simulator]") {
    Watched on;
    on.write(0, 'a');
    on.sync();
    on.write(2048, 'b'); // may be lost
    SECTION("it is there") {
        on.power_cut();
        CHECK(on.audits.mistakes().empty());
        CHECK(on.audits.judged(Audit::Durability) == 1);
        CHECK(on.audits.judged(Audit::PowerCuts) == 1);
    }
    SECTION("it is not") {
        on.lose(1);
        on.power_cut();
        CHECK(on.caught(Audit::Durability));
    }
}

TEST_CASE("What is written over, rots or is refused, nobody is held to", "[simulator]") {
    Watched on;
    on.write(0, 'a');
    SECTION("written over") {
        on.sync();
        on.write(512, 'b');
        on.lose(1);
    }
    SECTION("rotten") {
        on.sync();
        on.disk.rot(Zone::Prepares, 0, 8);
    }
    SECTION("not synced, because that failed") {
        on.disk.fail_next(Zone::Prepares, Disk::Operation::Sync);
        CHECK(on.sync() == IoStatus::Failed);
        CHECK(on.sync() == IoStatus::Ok);
    }
    on.power_cut();
    CHECK(on.audits.judged(Audit::Durability) == 0);
}

TEST_CASE("A write that is not there although the disk says so is seen", "[simulator]") {
    Planted planted(SimBug::HB3, Rng(1), {});
    Watched on;
    on.disk = Disk(small_limits(), {}, Rng(1), &planted);
    on.write(0, 'a');
    CHECK(on.caught(Audit::DiskContent));
}
