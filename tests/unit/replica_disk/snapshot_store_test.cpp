#include "tests/unit/replica_disk/store_double.hpp"

#include <numeric>

using namespace faultlab::replica;

namespace {

constexpr std::size_t size = 9000; // three chunks

} // namespace

TEST_CASE("a snapshot is stored once it is synced, and loaded again", "[replica_disk]") {
    StoreDouble here;
    here.write(size, 6, 1);
    CHECK(here.store->whole());
    CHECK(here.store->chunks() == 3);
    while (!here.disk.idle()) {
        CHECK_FALSE(here.store->stored());
        here.step();
    }
    CHECK(here.store->stored());
    CHECK(here.disk.syncs(Zone::Snapshot) == 1);
    const std::vector<std::byte> image(here.store->image().begin(), here.store->image().end());
    const Checksum id = here.store->id();
    std::mt19937_64 rng(3);
    here.disk.power_cut(rng);
    here.restart();
    here.store->load(id, 1, here.next_io, here.disk);
    here.settle();
    REQUIRE(here.store->whole());
    CHECK(here.store->stored());
    CHECK(here.store->head().entry.op == 6);
    CHECK(std::ranges::equal(here.store->image(), image));
}

TEST_CASE("equal states have equal ids, and others have not", "[replica_disk]") {
    StoreDouble one;
    StoreDouble two;
    one.write(size, 6, 0);
    two.write(size, 6, 1);
    CHECK(one.store->id() == two.store->id());
    StoreDouble three;
    three.write(size, 7, 0);
    CHECK(one.store->id() != three.store->id());
}

TEST_CASE("a damaged snapshot is not whole", "[replica_disk]") {
    StoreDouble here;
    here.write(size, 6, 0);
    here.settle();
    const Checksum id = here.store->id();
    SECTION("a chunk") {
        here.disk.corrupt(Zone::Snapshot, here.chunk_of(1) + 9);
    }
    SECTION("the manifest") {
        here.disk.corrupt(Zone::Snapshot, 40);
    }
    here.restart();
    here.store->load(id, 0, here.next_io, here.disk);
    here.settle();
    CHECK_FALSE(here.store->whole());
    CHECK(here.store->idle());
}

TEST_CASE("a planted bug takes a damaged chunk for whole", "[replica_disk]") {
    StoreDouble here;
    here.bugs.set(Bug::B13);
    here.write(size, 6, 0);
    here.settle();
    const Checksum id = here.store->id();
    here.restart();
    here.store->load(id, 0, here.next_io, here.disk);
    here.settle();
    CHECK(here.bugs.fired(Bug::B13) == 0);
    here.disk.corrupt(Zone::Snapshot, here.chunk_of(1) + 9);
    here.restart();
    here.store->load(id, 0, here.next_io, here.disk);
    here.settle();
    CHECK(here.store->whole());
    CHECK(here.bugs.fired(Bug::B13) == 1);
}

TEST_CASE("few operations are under way at a time", "[replica_disk]") {
    StoreDouble here;
    here.limits.value_blocks = 4096;
    here.disk = DiskDouble(here.limits);
    here.restart();
    here.write(snapshot_bytes(here.limits), 6, 0);
    CHECK(here.store->chunks() > 40);
    while (!here.disk.idle()) {
        CHECK(here.disk.pending() <= 8);
        here.step();
    }
    CHECK(here.store->stored());
}

TEST_CASE("a snapshot is gathered from others chunk by chunk", "[replica_disk]") {
    StoreDouble donor;
    donor.write(size, 6, 0);
    const std::vector<std::byte> manifest(donor.store->manifest().begin(),
                                          donor.store->manifest().end());
    StoreDouble here;
    const auto fetch = [&] {
        return here.store->fetch(manifest, 6, donor.store->id(), 1, here.next_io, here.disk);
    };
    REQUIRE(fetch());
    CHECK(here.store->searching());
    here.settle();
    CHECK_FALSE(here.store->searching());
    CHECK(here.store->missing(0) == 0);
    const auto give = [&](std::size_t index, Bytes bytes) {
        return here.store->take(index, bytes, here.next_io, here.disk);
    };
    CHECK_FALSE(give(0, donor.store->chunk(1)));
    CHECK_FALSE(give(3, donor.store->chunk(1)));
    CHECK_FALSE(give(1, donor.store->chunk(1).first(5)));
    CHECK(give(1, donor.store->chunk(1)));
    CHECK(give(1, donor.store->chunk(1))); // again
    CHECK(here.store->chunks_here() == 1);
    CHECK(here.store->missing(1) == 2);
    here.settle();

    SECTION("to its end") {
        CHECK(give(2, donor.store->chunk(2)));
        CHECK(give(0, donor.store->chunk(0)));
        CHECK_FALSE(here.store->stored());
        here.settle();
        CHECK(here.store->stored());
        CHECK(std::ranges::equal(here.store->image(), donor.store->image()));
        here.restart();
        here.store->load(donor.store->id(), 1, here.next_io, here.disk);
        here.settle();
        CHECK(here.store->whole());
    }
    SECTION("after a restart chunks that were there are not asked for again") {
        here.restart();
        REQUIRE(fetch());
        here.settle();
        CHECK(here.store->chunks_here() == 1);
        CHECK(here.store->missing(0) == 0);
        CHECK(here.store->missing(1) == 2);
    }
    SECTION("another may be fetched once what is under way has ended") {
        CHECK(give(0, donor.store->chunk(0)));
        here.store->abandon();
        CHECK_FALSE(here.store->idle());
        CHECK(tripped_by([&] { (void)fetch(); }) == "snapshot.fetch-idle");
        here.settle();
        CHECK(here.store->idle());
        REQUIRE(fetch());
        here.settle();
        CHECK(here.store->chunks_here() == 2); // from memory
        CHECK_FALSE(here.store->stored());
    }
}

TEST_CASE("what is not the manifest of the id is refused", "[replica_disk]") {
    StoreDouble donor;
    donor.write(size, 6, 0);
    std::vector<std::byte> manifest(donor.store->manifest().begin(), donor.store->manifest().end());
    StoreDouble here;
    const auto refused = [&](Op op, const Checksum& id) {
        return !here.store->fetch(manifest, op, id, 1, here.next_io, here.disk);
    };
    CHECK(refused(5, donor.store->id()));
    CHECK(refused(6, Checksum{1, 2}));
    manifest[sizeof(Header)] ^= std::byte{1};
    CHECK(refused(6, donor.store->id()));
    CHECK(refused(6, checksum(manifest)) == false); // its own id, one byte less
    here.store->abandon();
    here.settle();
    ManifestHead vast;
    std::memcpy(&vast, manifest.data(), sizeof vast);
    vast.bytes = ~0ULL;
    std::memcpy(manifest.data(), &vast, sizeof vast);
    CHECK(refused(6, checksum(manifest)));
    manifest.resize(7);
    CHECK(refused(6, checksum(manifest)));
}

TEST_CASE("the scrubber writes again what is bad on the disk", "[replica_disk]") {
    StoreDouble here;
    here.write(size, 6, 0);
    here.settle();
    here.disk.corrupt(Zone::Snapshot, here.chunk_of(2) + 9);
    here.disk.corrupt(Zone::Snapshot, 40); // the manifest
    for (std::size_t piece = 0; piece < 4; ++piece) {
        here.store->scrub(here.next_io, here.disk);
        here.settle();
    }
    CHECK(here.store->scrub_found() == 2);
    CHECK(here.store->scrub_tours() == 1);
    const Checksum id = here.store->id();
    here.restart();
    here.store->load(id, 0, here.next_io, here.disk);
    here.settle();
    CHECK(here.store->whole());
}

TEST_CASE("a checkpoint may begin while the scrubber reads or rewrites", "[replica_disk]") {
    StoreDouble here;
    here.write(size, 6, 0);
    here.settle();
    here.disk.corrupt(Zone::Snapshot, here.chunk_of(0) + 9);
    here.store->scrub(here.next_io, here.disk);
    const bool rewriting = GENERATE(false, true);
    if (rewriting) {
        here.step();
    }
    here.write(size, 12, 1);
    here.settle();
    CHECK(here.store->stored());
    CHECK(here.store->head().entry.op == 12);
    CHECK(here.store->scrub_found() == (rewriting ? 1 : 0));
}

TEST_CASE("a failed write or sync of a snapshot is reported, a failed read is not",
          "[replica_disk]") {
    StoreDouble here;
    SECTION("write") {
        here.write(size, 6, 0);
        here.step(IoStatus::Full);
        CHECK(here.store->failed());
    }
    SECTION("sync") {
        const bool planted = GENERATE(false, true);
        if (planted) {
            here.bugs.set(Bug::B25);
        }
        here.write(size, 6, 0);
        for (int done = 0; done < 4; ++done) {
            here.step();
        }
        here.step(IoStatus::Failed);
        CHECK(here.store->failed() != planted);
        CHECK(here.store->stored() == planted);
    }
    SECTION("read") {
        here.store->load(Checksum{}, 0, here.next_io, here.disk);
        here.step(IoStatus::Failed);
        CHECK_FALSE(here.store->failed());
        CHECK_FALSE(here.store->whole());
        CHECK(here.store->idle());
    }
}

TEST_CASE("a power cut while a snapshot is gathered or written costs no more than it",
          "[replica_disk]") {
    StoreDouble donor;
    donor.write(size, 12, 0);
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        std::mt19937_64 rng(seed);
        StoreDouble here;
        here.write(size, 6, 0);
        here.settle();
        const Checksum old = here.store->id();
        if (rng() % 2 == 0) {
            here.write(size, 12, 1);
        } else {
            REQUIRE(here.store->fetch(
                donor.store->manifest(), 12, donor.store->id(), 1, here.next_io, here.disk));
        }
        for (std::uint64_t left = rng() % 12; left > 0 && !here.disk.idle(); --left) {
            here.step();
            const std::size_t index = rng() % 3;
            (void)here.store->take(index, donor.store->chunk(index), here.next_io, here.disk);
        }
        const bool stored = here.store->stored();
        here.disk.power_cut(rng);
        here.restart();
        here.store->load(stored ? donor.store->id() : old, stored ? 1 : 0, here.next_io, here.disk);
        here.settle();
        CHECK(here.store->whole());
        CHECK(here.store->head().entry.op == (stored ? 12 : 6));
    }
}

TEST_CASE("the snapshot store asserts what it is asked for", "[replica_disk]") {
    StoreDouble here;
    CHECK(tripped_by([&] { here.store->scrub(here.next_io, here.disk); }) ==
          "snapshot.scrub-stored");
    CHECK(tripped_by([&] { here.write(0, 6, 0); }) == "snapshot.size");
    CHECK(tripped_by([&] { here.store->load({}, 2, here.next_io, here.disk); }) == "snapshot.area");
    here.write(size, 6, 0);
    CHECK(tripped_by([&] { (void)here.store->begin_image(); }) == "snapshot.image-idle");
    CHECK(tripped_by([&] { here.store->write({}, 1, here.next_io, here.disk); }) ==
          "snapshot.write-idle");
    CHECK(tripped_by([&] { here.store->load({}, 1, here.next_io, here.disk); }) ==
          "snapshot.load-idle");
    CHECK(tripped_by([&] { (void)here.store->chunk(3); }) == "snapshot.chunk");
    CHECK(tripped_by([&] { here.store->abandon(); }) == "snapshot.abandon");
}
