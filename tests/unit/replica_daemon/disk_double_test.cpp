#include "core/rng.hpp"
#include "replica/daemon/disk_double.hpp"
#include "tests/unit/replica_daemon/replica_directory.hpp"

#include <fcntl.h>

#include <map>
#include <set>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

constexpr std::size_t file_bytes = 16 * sector_bytes;

/// One zone of a replica whose power can be cut, written by hand.
struct CuttableFile {
    ReplicaDirectory directory;
    std::filesystem::path path;
    File file;
    UnsyncedLog log;

    CuttableFile() {
        directory.format();
        path = zone_file(directory.data(), Zone::Prepares);
        REQUIRE(file.open(path, O_RDWR) == 0);
        for (const Zone zone : {Zone::Superblock, Zone::Headers, Zone::Snapshot}) {
            REQUIRE(UnsyncedLog::open(zone_file(directory.data(), zone)));
        }
        reopen();
    }
    void reopen() {
        auto opened = UnsyncedLog::open(path);
        REQUIRE(opened);
        log = std::move(*opened);
    }
    void write(std::uint64_t offset, std::size_t length, int value) {
        const std::vector<std::byte> after(length, std::byte(value));
        std::vector<std::byte> before(length);
        REQUIRE(file.read_at(offset, before) == 0);
        REQUIRE(log.record(offset, before, after) == 0);
        REQUIRE(file.write_at(offset, after) == 0);
    }
    PowerCut cut(std::uint64_t seed) {
        auto outcome = power_cut(directory.data(), seed);
        REQUIRE(outcome);
        return *outcome;
    }
    [[nodiscard]] std::vector<std::byte> contents() const {
        std::vector<std::byte> bytes(file_bytes);
        REQUIRE(file.read_at(0, bytes) == 0);
        return bytes;
    }
};

using Sector = std::vector<std::byte>;

Sector sector_of(const std::vector<std::byte>& bytes, std::size_t index) {
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(index * sector_bytes);
    return {begin, begin + sector_bytes};
}

/// What each sector may hold after a cut, kept in the plainest way.
struct Allowed {
    std::vector<std::byte> now = std::vector<std::byte>(file_bytes);
    struct Version {
        Sector bytes;
        bool lost = false; ///< a sync that should have covered it failed
    };
    std::map<std::size_t, std::vector<Version>> sectors; ///< the first is what surely is there

    Allowed() {
        for (std::size_t i = 0; i < file_bytes / sector_bytes; ++i)
            sectors[i] = {{sector_of(now, i), false}};
    }
    void write(std::uint64_t offset, std::size_t length, int value) {
        for (std::size_t i = 0; i < length; ++i)
            now[offset + i] = std::byte(value);
        for (std::size_t i = offset / sector_bytes; i * sector_bytes < offset + length; ++i)
            sectors[i].push_back({sector_of(now, i), false});
    }
    void synced() {
        for (auto& [index, versions] : sectors) {
            if (versions.size() < 2 || versions.back().lost) continue;
            versions.erase(versions.begin(), versions.end() - 1);
        }
    }
    void sync_failed() {
        for (auto& [index, versions] : sectors) {
            for (std::size_t i = 1; i < versions.size(); ++i)
                versions[i].lost = true;
        }
    }
    [[nodiscard]] bool allows(std::size_t index, const Sector& bytes) const {
        for (const Version& version : sectors.at(index)) {
            if (version.bytes == bytes) return true;
        }
        return false;
    }
};

} // namespace

TEST_CASE("what a sync covered survives every power cut", "[replica_daemon]") {
    CuttableFile file;
    file.write(100, 3000, 1);
    REQUIRE(file.log.synced() == 0);
    const auto before = file.contents();
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const PowerCut outcome = file.cut(seed);
        CHECK(outcome.kept + outcome.dropped + outcome.torn == 0);
        REQUIRE(file.contents() == before);
    }
}

TEST_CASE("an unsynced write is kept, dropped or torn by sector", "[replica_daemon]") {
    PowerCut sum;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        CuttableFile file;
        file.write(0, 4 * sector_bytes, 1);
        const PowerCut outcome = file.cut(seed);
        REQUIRE(outcome.kept + outcome.dropped + outcome.torn == 1);
        std::size_t kept = 0;
        const auto bytes = file.contents();
        for (std::size_t i = 0; i < 4; ++i) {
            const Sector sector = sector_of(bytes, i);
            REQUIRE(std::set(sector.begin(), sector.end()).size() == 1);
            kept += sector.front() == std::byte{1} ? 1U : 0U;
        }
        CHECK((kept == 4) == (outcome.kept == 1));
        CHECK((kept == 0) == (outcome.dropped == 1));
        sum.kept += outcome.kept;
        sum.dropped += outcome.dropped;
        sum.torn += outcome.torn;
    }
    CHECK(sum.kept > 0);
    CHECK(sum.dropped > 0);
    CHECK(sum.torn > 0);
}

TEST_CASE("the same seed cuts the same way", "[replica_daemon]") {
    std::set<std::vector<std::byte>> outcomes;
    for (int i = 0; i < 3; ++i) {
        CuttableFile file;
        for (int write = 1; write < 20; ++write)
            file.write(static_cast<std::uint64_t>(write) * 300, 700, write);
        file.cut(42);
        outcomes.insert(file.contents());
    }
    CHECK(outcomes.size() == 1);
}

TEST_CASE("a failed sync loses writes for good, whatever succeeds later", "[replica_daemon]") {
    bool was_lost = false;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CuttableFile file;
        file.write(0, sector_bytes, 1);
        REQUIRE(file.log.sync_failed() == 0);
        file.write(sector_bytes, sector_bytes, 2);
        REQUIRE(file.log.synced() == 0);
        file.cut(seed);
        CHECK(file.contents()[sector_bytes] == std::byte{2});
        was_lost = was_lost || file.contents()[0] == std::byte{0};
    }
    CHECK(was_lost);
}

TEST_CASE("a log whose last record a kill cut short goes on before it", "[replica_daemon]") {
    CuttableFile file;
    file.write(0, sector_bytes, 1);
    const std::filesystem::path log = file.path.native() + ".unsynced";
    const auto whole = std::filesystem::file_size(log);
    file.write(sector_bytes, sector_bytes, 2);
    std::filesystem::resize_file(log, whole + 100);
    file.reopen();
    CHECK(std::filesystem::file_size(log) == whole);
    file.write(2 * sector_bytes, sector_bytes, 3);
    const PowerCut outcome = file.cut(1);
    CHECK(outcome.kept + outcome.dropped == 2);
    // A write whose record is not whole had not begun; that it did here is this test's doing.
    CHECK(file.contents()[sector_bytes] == std::byte{2});
}

TEST_CASE("every sector holds a version that no sync had replaced", "[replica_daemon]") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Rng rng(seed);
        CuttableFile file;
        Allowed allowed;
        for (int step = 1; step < 30; ++step) {
            const std::uint64_t what = rng.below(12);
            if (what == 0) {
                REQUIRE(file.log.synced() == 0);
                allowed.synced();
            } else if (what == 1) {
                REQUIRE(file.log.sync_failed() == 0);
                allowed.sync_failed();
            } else if (what == 2) {
                file.reopen(); // a kill and a restart
            } else {
                const std::uint64_t offset = rng.below(file_bytes - 1);
                const std::size_t length =
                    1 + rng.below(std::min<std::uint64_t>(2000, file_bytes - offset));
                file.write(offset, length, step);
                allowed.write(offset, length, step);
            }
        }
        file.cut(seed);
        const auto bytes = file.contents();
        INFO("seed " << seed);
        for (std::size_t i = 0; i < file_bytes / sector_bytes; ++i)
            REQUIRE(allowed.allows(i, sector_of(bytes, i)));
    }
}

TEST_CASE("a replica that ran on a real disk cannot be cut", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    const auto outcome = power_cut(directory.data(), 1);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::usage);
}
