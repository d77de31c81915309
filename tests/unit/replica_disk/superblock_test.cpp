#include "replica/core/format.hpp"
#include "replica/core/superblock.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_disk/disk_double.hpp"

namespace faultlab::replica {

struct SuperblockProbe {
    using File = SuperblockFile;

    static void start(File& file, IoId& next_io, Effects& effects) { file.start(next_io, effects); }
    static void write_half(File& file, std::size_t first, IoId& next_io, Effects& effects) {
        file.write_half(first, next_io, effects);
    }
    static Superblock& wanted(File& file) { return file.wanted_; }
    static Superblock& writing(File& file) { return file.writing_; }
    static IoId sync(const File& file) { return file.sync_; }
    static void set_done(File& file, std::uint64_t ticket) { file.done_ = ticket; }
    static void set_ticket(File& file, std::uint64_t ticket) { file.writing_ticket_ = ticket; }
};

} // namespace faultlab::replica

using namespace faultlab::replica;

namespace {

Superblock numbered(std::uint64_t sequence) {
    Superblock superblock;
    superblock.sequence = sequence;
    superblock.commit = 100 + sequence;
    superblock.checksum = checksum_of(superblock);
    return superblock;
}

/// A zone whose copies have these sequences; 0: garbage.
std::vector<std::byte> zone_of(std::array<std::uint64_t, superblock_copies> sequences) {
    std::vector<std::byte> zone(superblock_copies * superblock_bytes, std::byte{0xee});
    for (std::size_t index = 0; index < superblock_copies; ++index) {
        if (sequences[index] != 0) {
            std::vector<std::byte> whole(zone.size());
            lay_out(numbered(sequences[index]), whole);
            std::copy_n(whole.begin() + static_cast<std::ptrdiff_t>(index * superblock_bytes),
                        superblock_bytes,
                        zone.begin() + static_cast<std::ptrdiff_t>(index * superblock_bytes));
        }
    }
    return zone;
}

std::uint64_t opened(std::array<std::uint64_t, superblock_copies> sequences) {
    BugSet bugs;
    const auto superblock = open_superblock(zone_of(sequences), bugs);
    return superblock ? superblock->sequence : 0;
}

} // namespace

TEST_CASE("a superblock opens with two copies of the newest", "[replica_disk]") {
    CHECK(opened({3, 3, 3, 3}) == 3);
    CHECK(opened({4, 4, 3, 3}) == 4); // the second half was cut off
    CHECK(opened({4, 0, 3, 3}) == 3); // the first half was
    CHECK(opened({4, 3, 3, 3}) == 3);
    CHECK(opened({0, 3, 0, 3}) == 3);
    CHECK(opened({0, 0, 0, 3}) == 0);
    CHECK(opened({0, 0, 3, 4}) == 0);
    CHECK(opened({0, 0, 0, 0}) == 0);
    BugSet bugs;
    CHECK_FALSE(open_superblock({}, bugs));
}

TEST_CASE("a copy that was written to another's place does not count", "[replica_disk]") {
    std::vector<std::byte> zone = zone_of({5, 0, 0, 0});
    std::copy_n(zone.begin(), superblock_bytes, zone.begin() + superblock_bytes);
    BugSet bugs;
    CHECK_FALSE(open_superblock(zone, bugs));
}

TEST_CASE("a planted bug opens with one copy", "[replica_disk]") {
    BugSet bugs;
    bugs.set(Bug::B3);
    CHECK(open_superblock(zone_of({2, 3, 3, 3}), bugs)->sequence == 2);
    CHECK(bugs.fired(Bug::B3) == 1);
    CHECK(open_superblock(zone_of({3, 3, 0, 3}), bugs)->sequence == 3);
    CHECK(bugs.fired(Bug::B3) == 1);
}

TEST_CASE("a power cut leaves the superblock before it or the new one", "[replica_disk]") {
    std::mt19937_64 rng(7);
    for (int round = 0; round < 400; ++round) {
        BugSet bugs;
        DiskDouble disk(small_limits());
        const auto formatted = format(Config{.self = 1, .limits = small_limits()}, Membership{});
        std::ranges::copy(formatted, disk.bytes(Zone::Superblock).begin());
        disk.hold();
        SuperblockFile file(bugs);
        file.opened(*open_superblock(disk.bytes(Zone::Superblock), bugs));
        IoId next_io = 1;
        Superblock wanted = file.durable();
        std::uint64_t stored = 0;
        for (std::uint64_t left = rng() % 12; left > 0; --left) {
            if (disk.idle() || rng() % 3 == 0) {
                wanted.commit = ++stored;
                CHECK(file.store(wanted, next_io, disk) == stored);
            }
            disk.step([&](const IoDone& done) { CHECK(file.on_io(done, next_io, disk)); });
        }
        disk.power_cut(rng);
        const auto after = open_superblock(disk.bytes(Zone::Superblock), bugs);
        REQUIRE(after);
        CHECK(after->commit >= file.done());
        CHECK(after->commit <= stored);
        CHECK(after->limits == small_limits());
    }
}

TEST_CASE("superblocks are chained, and the newest wanted is the next written", "[replica_disk]") {
    BugSet bugs;
    DiskDouble disk(small_limits());
    SuperblockFile file(bugs);
    file.opened(numbered(1));
    IoId next_io = 1;
    Superblock wanted = file.durable();
    for (Op commit = 1; commit <= 3; ++commit) {
        wanted.commit = commit;
        CHECK(file.store(wanted, next_io, disk) == commit);
    }
    CHECK(file.wanted().commit == 3);
    disk.settle([&](const IoDone& done) { CHECK(file.on_io(done, next_io, disk)); });
    CHECK(file.done() == 3);
    CHECK(file.durable().sequence == 3); // the second was never written
    CHECK(file.durable().commit == 3);
    CHECK(open_superblock(disk.bytes(Zone::Superblock), bugs)->checksum == file.durable().checksum);
    CHECK_FALSE(file.on_io(IoDone{next_io}, next_io, disk));
}

TEST_CASE("a failed sync of the superblock is reported, and hidden by a planted bug",
          "[replica_disk]") {
    BugSet bugs;
    const bool planted = GENERATE(false, true);
    if (planted) {
        bugs.set(Bug::B25);
    }
    DiskDouble disk(small_limits());
    SuperblockFile file(bugs);
    file.opened(numbered(1));
    IoId next_io = 1;
    file.store(file.durable(), next_io, disk);
    const auto owner = [&](const IoDone& done) { file.on_io(done, next_io, disk); };
    disk.step(owner);
    disk.step(owner, IoStatus::Failed);
    CHECK(file.failed() != planted);
    CHECK(bugs.fired(Bug::B25) == (planted ? 1 : 0));
    disk.settle(owner);
    CHECK(file.done() == (planted ? 1 : 0));
}

TEST_CASE("the superblock asserts that nothing in it falls", "[replica_disk]") {
    BugSet bugs;
    DiskDouble disk(small_limits());
    SuperblockFile file(bugs);
    Superblock superblock = numbered(1);
    superblock.view = View::of(0, 3);
    superblock.log_view = View::of(0, 2);
    superblock.checkpoint_op = 10;
    superblock.checksum = checksum_of(superblock);
    file.opened(superblock);
    IoId next_io = 1;
    const auto store = [&](auto change) {
        Superblock wanted = superblock;
        change(wanted);
        return tripped_by([&] { file.store(wanted, next_io, disk); });
    };
    CHECK(store([](Superblock& wanted) { wanted.view = View::of(0, 2); }) ==
          "superblock.view-never-falls");
    CHECK(store([](Superblock& wanted) { wanted.log_view = View::of(0, 1); }) ==
          "superblock.log-view-within-view");
    CHECK(store([](Superblock& wanted) { wanted.log_view = View::of(0, 4); }) ==
          "superblock.log-view-within-view");
    CHECK(store([](Superblock& wanted) { wanted.checkpoint_op = 9; }) ==
          "superblock.checkpoint-never-falls");
    CHECK(store([](Superblock& wanted) {
              wanted.log_view = wanted.view;
              wanted.log_end = 5;
          }) == "superblock.ended-log-awaits-view");
    CHECK(store([](Superblock&) {}).empty());
    CHECK(tripped_by([&] { file.opened(superblock); }) == "superblock.opened-idle");
    std::vector<std::byte> zone(superblock_copies * superblock_bytes);
    ++superblock.sequence;
    CHECK(tripped_by([&] { lay_out(superblock, zone); }) == "superblock.sealed");
    superblock.checksum = checksum_of(superblock);
    CHECK(tripped_by([&] { lay_out(superblock, std::span(zone).first(9)); }) == "superblock.zone");
}

TEST_CASE("the superblock's file opens once, and what it is to keep makes sense",
          "[replica_disk]") {
    BugSet bugs;
    DiskDouble disk(small_limits());
    SuperblockFile file(bugs);
    IoId next_io = 1;
    Superblock unsealed = numbered(1);
    ++unsealed.sequence;
    CHECK(tripped_by([&] { file.opened(unsealed); }) == "superblock.opened-sealed");
    Superblock third = numbered(1);
    third.copy = 2;
    CHECK(tripped_by([&] { file.opened(third); }) == "superblock.opened-copy");
    file.opened(numbered(1));
    const auto store = [&](auto change) {
        Superblock wanted = file.wanted();
        change(wanted);
        return tripped_by([&] { file.store(wanted, next_io, disk); });
    };
    CHECK(store([](Superblock& wanted) { wanted.doubt_end = 5; }) ==
          "superblock.doubt-of-ended-log");
    CHECK(store([](Superblock& wanted) { wanted.checkpoint_area = 2; }) == "superblock.area");
    SuperblockProbe::wanted(file).incarnation = 5;
    CHECK(store([](Superblock& wanted) { wanted.incarnation = 4; }) ==
          "superblock.incarnation-never-falls");
    SuperblockProbe::wanted(file).release_active = newest_release;
    CHECK(store([](Superblock& wanted) { wanted.release_active = oldest_release; }) ==
          "superblock.release-never-falls");
    CHECK(store([](Superblock&) {}).empty());
    CHECK(store([](Superblock& wanted) { ++wanted.self; }) == "superblock.identity");
    CHECK(store([](Superblock& wanted) { ++wanted.cluster; }) == "superblock.cluster");
    CHECK(store([](Superblock& wanted) { ++wanted.limits.slots; }) == "superblock.limits");
    CHECK(store([](Superblock& wanted) { wanted.recovering = 1; }) == "superblock.recovering-ends");
    SuperblockProbe::wanted(file).membership.epoch = 2;
    CHECK(store([](Superblock& wanted) { wanted.membership.epoch = 1; }) ==
          "superblock.epoch-never-falls");
    SuperblockProbe::wanted(file).lives.lost[3] = 2;
    CHECK(store([](Superblock& wanted) { wanted.lives.lost[3] = 1; }) ==
          "superblock.lives-never-fall");
    disk.settle([&](const IoDone& done) { CHECK(file.on_io(done, next_io, disk)); });
    CHECK(tripped_by([&] { file.opened(numbered(1)); }) == "superblock.opened-first");
}

TEST_CASE("the superblock's file writes one superblock at a time, in order", "[replica_disk]") {
    BugSet bugs;
    DiskDouble disk(small_limits());
    SuperblockFile file(bugs);
    file.opened(numbered(1));
    IoId next_io = 1;
    const auto start = [&] { SuperblockProbe::start(file, next_io, disk); };
    CHECK(tripped_by(start) == "superblock.start-wanted");
    CHECK(tripped_by([&] { SuperblockProbe::write_half(file, 2, next_io, disk); }) ==
          "superblock.half");
    next_io = 0;
    CHECK(tripped_by([&] { SuperblockProbe::write_half(file, 0, next_io, disk); }) ==
          "superblock.io");
    next_io = 1;
    file.store(file.durable(), next_io, disk);
    CHECK(tripped_by(start) == "superblock.start-idle");
    for (int half = 0; half < 3; ++half) { // all but the second half's sync
        disk.step([&](const IoDone& done) { CHECK(file.on_io(done, next_io, disk)); });
    }
    const auto end = [&] {
        return tripped_by([&] { file.on_io(IoDone{SuperblockProbe::sync(file)}, next_io, disk); });
    };
    SuperblockProbe::writing(file).parent = Checksum{1, 2};
    CHECK(end() == "superblock.chained");
    ++SuperblockProbe::writing(file).sequence;
    CHECK(end() == "superblock.sequence-ascends");
    SuperblockProbe::set_ticket(file, 2);
    CHECK(end() == "superblock.ticket-wanted");
    SuperblockProbe::set_done(file, 2);
    CHECK(end() == "superblock.ticket-ascends");
}
