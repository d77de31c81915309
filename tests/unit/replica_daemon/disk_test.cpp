#include "replica/core/layout.hpp"
#include "replica/daemon/disk.hpp"
#include "tests/unit/replica_daemon/replica_directory.hpp"

#include <condition_variable>
#include <mutex>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

/// A disk whose answers are waited for.
struct WaitedDisk {
    std::mutex mutex;
    std::condition_variable woken;
    bool wake = false;
    std::unique_ptr<Disk> disk;

    explicit WaitedDisk(const ReplicaDirectory& directory, const DiskDouble& disk_double = {}) {
        auto opened = Disk::open(directory.data(), disk_double, [this] {
            const std::lock_guard lock(mutex);
            wake = true;
            woken.notify_one();
        });
        REQUIRE(opened);
        disk = std::move(*opened);
    }
    std::vector<Disk::Done> wait(std::size_t count) {
        disk->begin();
        std::vector<Disk::Done> all;
        while (all.size() < count) {
            std::vector<Disk::Done> some;
            {
                std::unique_lock lock(mutex);
                woken.wait(lock, [&] { return wake; });
                wake = false;
            }
            disk->take(some);
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
};

const std::vector<std::byte> hello(600, std::byte{7});

} // namespace

TEST_CASE("operations of a zone are done in order", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    WaitedDisk disk(directory);
    disk.disk->write(Zone::Prepares, 300, hello, 1);
    disk.disk->sync(Zone::Prepares, 2);
    disk.disk->read(Zone::Prepares, 0, 1000, 3);
    const auto done = disk.wait(3);
    REQUIRE(done.size() == 3);
    for (std::size_t i = 0; i < done.size(); ++i) {
        CHECK(done[i].id == i + 1);
        CHECK(done[i].status == IoStatus::Ok);
        CHECK(done[i].problem.empty());
    }
    std::vector<std::byte> expected(1000);
    std::fill_n(expected.begin() + 300, hello.size(), std::byte{7});
    CHECK(done[2].bytes == expected);
}

TEST_CASE("a write is told with its sync, and alone where none was asked for", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    WaitedDisk disk(directory);
    for (IoId id = 1; id < 9; id += 2) {
        disk.disk->write(Zone::Prepares, 300, hello, id);
        disk.disk->sync(Zone::Prepares, id + 1);
    }
    disk.disk->begin();
    std::size_t told = 0;
    while (told < 8) {
        const auto some = disk.wait(1);
        CHECK(some.size() % 2 == 0);
        told += some.size();
        CHECK(some.back().id == told);
    }
    disk.disk->write(Zone::Prepares, 300, hello, 9);
    CHECK(disk.wait(1)[0].id == 9);
}

TEST_CASE("a read beyond the end fails", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    WaitedDisk disk(directory);
    const std::uint64_t end = zone_bytes(small_files(), Zone::Superblock);
    disk.disk->read(Zone::Superblock, end - 10, 20, 1);
    const auto done = disk.wait(1);
    CHECK(done[0].status == IoStatus::Failed);
    CHECK(done[0].problem.find("reading") == 0);
}

TEST_CASE("a full disk is told from a broken one", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    const auto prepares = zone_file(directory.data(), Zone::Prepares);
    std::filesystem::remove(prepares);
    std::filesystem::create_symlink("/dev/full", prepares);
    WaitedDisk disk(directory);
    disk.disk->write(Zone::Prepares, 0, hello, 1);
    CHECK(disk.wait(1)[0].status == IoStatus::Full);
}

TEST_CASE("a double whose syncs fail says so from then on", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    WaitedDisk disk(directory, {.on = true, .sync_fails_from = 2});
    disk.disk->sync(Zone::Prepares, 1);
    disk.disk->sync(Zone::Headers, 2);
    disk.disk->sync(Zone::Prepares, 3);
    disk.disk->sync(Zone::Prepares, 4);
    const auto done = disk.wait(4);
    CHECK(done[0].status == IoStatus::Ok);
    CHECK(done[1].status == IoStatus::Ok);
    CHECK(done[2].status == IoStatus::Failed);
    CHECK(done[3].status == IoStatus::Failed);
}

TEST_CASE("what was asked for is done before the disk goes", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    {
        WaitedDisk disk(directory);
        disk.disk->write(Zone::Snapshot, 0, hello, 1);
    }
    const auto bytes = read_file(zone_file(directory.data(), Zone::Snapshot));
    CHECK(std::equal(hello.begin(), hello.end(), bytes.begin()));
}
