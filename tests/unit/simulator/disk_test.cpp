#include "replica/core/layout.hpp"
#include "simulator/disk.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/simulated.hpp"

#include <map>
#include <set>

using namespace faultlab;
using namespace faultlab::replica;
using namespace faultlab::simulator;

namespace {

/// A disk whose operations are carried out when asked to.
struct Drive {
    Disk disk;
    IoId next = 1;

    explicit Drive(std::uint64_t seed) : disk(small_limits(), {}, Rng(seed)) {}

    Disk::Ticket start_write(std::uint64_t offset, char fill, std::size_t size = 1024) {
        const std::vector<std::byte> bytes(size, static_cast<std::byte>(fill));
        return disk.write(0, Zone::Prepares, offset, bytes, next++).ticket;
    }
    IoStatus write(std::uint64_t offset, char fill, std::size_t size = 1024) {
        return disk.complete(start_write(offset, fill, size))->status;
    }
    IoStatus sync() { return disk.complete(disk.sync(0, Zone::Prepares, next++).ticket)->status; }
    /// The letter that fills each sector of the first `count`; '?' where they are mixed.
    [[nodiscard]] std::string sectors(std::size_t count) const {
        std::string letters;
        for (std::size_t i = 0; i < count; ++i) {
            const Bytes sector = disk.content(Zone::Prepares).subspan(i * 512, 512);
            const bool same =
                std::ranges::all_of(sector, [&](std::byte byte) { return byte == sector[0]; });
            const char letter = static_cast<char>(sector[0]);
            letters += !same ? '?' : letter == 0 ? '.' : letter;
        }
        return letters;
    }
};

} // namespace

TEST_CASE("What was synced survives a power cut, the rest as chance has it", "[simulator]") {
    std::set<std::string> outcomes;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Drive drive(seed);
        drive.write(0, 'a');
        drive.sync();
        drive.write(1024, 'b');
        drive.write(0, 'c', 512);
        CHECK(drive.sectors(4) == "cabb");
        drive.disk.power_cut();
        outcomes.insert(drive.sectors(4));
    }
    // Sector 1 was synced and not written again.
    CHECK(outcomes ==
          std::set<std::string>{"aa..", "aab.", "aa.b", "aabb", "ca..", "cab.", "ca.b", "cabb"});
}

TEST_CASE("The death of the process loses only what it had not handed over", "[simulator]") {
    std::set<std::string> outcomes;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Drive drive(seed);
        drive.write(0, 'a');
        const Disk::Ticket lost = drive.start_write(1024, 'b');
        drive.start_write(2048, 'c');
        drive.disk.crash();
        outcomes.insert(drive.sectors(6));
        CHECK_FALSE(drive.disk.complete(lost).has_value());
    }
    CHECK(outcomes == std::set<std::string>{"aa....", "aabb..", "aabbcc"});
}

TEST_CASE("A failed sync has lost its writes, and a later one does not say so", "[simulator]") {
    Drive drive(1);
    drive.write(0, 'a');
    drive.sync();
    drive.write(0, 'b');
    drive.disk.fail_next(Zone::Prepares, Disk::Operation::Sync);
    CHECK(drive.sync() == IoStatus::Failed);
    drive.write(512, 'c', 512);
    CHECK(drive.sync() == IoStatus::Ok);
    CHECK(drive.sectors(2) == "bc"); // reads do not show it
    drive.disk.power_cut();
    CHECK(drive.sectors(2) == "ac");
}

TEST_CASE("Operations on a zone take their turn", "[simulator]") {
    Drive drive(1);
    Nanos last = 0;
    for (int i = 0; i < 10; ++i) {
        const Nanos delay = drive.disk.write(0, Zone::Prepares, 0, {}, drive.next++).delay;
        CHECK(delay > last);
        last = delay;
    }
    drive.disk.stall(Zone::Prepares, 1'000'000'000);
    CHECK(drive.disk.sync(0, Zone::Prepares, drive.next++).delay > 1'000'000'000);
    CHECK(drive.disk.sync(0, Zone::Headers, drive.next++).delay < 10'000'000);
}

TEST_CASE("Faults of a disk show once", "[simulator]") {
    Drive drive(1);
    drive.disk.fail_next(Zone::Prepares, Disk::Operation::Write);
    CHECK(drive.write(0, 'a') == IoStatus::Failed);
    CHECK(drive.write(0, 'a') == IoStatus::Ok);
    drive.disk.misdirect_next(Zone::Prepares, 1024);
    CHECK(drive.write(0, 'b') == IoStatus::Ok);
    CHECK(drive.sectors(4) == "aabb");
    drive.disk.set_full(true);
    CHECK(drive.write(0, 'c') == IoStatus::Full);
    drive.disk.heal();
    CHECK(drive.write(0, 'c') == IoStatus::Ok);
    drive.disk.rot(Zone::Prepares, 512, 1024);
    CHECK(drive.sectors(4) == "c??b");
}

TEST_CASE("A disk knows what of its rot was read", "[simulator]") {
    Drive drive(1);
    drive.disk.rot(Zone::Prepares, 1024, 1);
    const auto read = [&](std::uint64_t offset) {
        drive.disk.complete(drive.disk.read(0, Zone::Prepares, offset, 512, drive.next++).ticket);
        return drive.disk.flips().front().shown;
    };
    REQUIRE(drive.disk.flips().size() == 1);
    CHECK(drive.disk.flips().front().place.offset == 1024);
    CHECK_FALSE(read(512));
    // What is there is not what was asked for.
    drive.disk.misread_next(Zone::Prepares, 1024);
    CHECK_FALSE(read(0));
    CHECK(read(1024));
    // Some reads are spared, and then all.
    drive.disk.misread_next(
        Zone::Prepares, 1024, [](std::uint64_t at, std::uint32_t) { return at == 512; });
    (void)read(0);
    CHECK(drive.disk.misread() == 1);
    (void)read(512);
    CHECK(drive.disk.misread() == 2);
    drive.disk.misread_next(Zone::Prepares, 1024);
    drive.disk.misread_no_more();
    (void)read(0);
    CHECK(drive.disk.misread() == 2);
    drive.disk.wipe();
    CHECK(drive.disk.flips().empty());
}
