#include "replica/core/layout.hpp"
#include "replica/core/superblock.hpp"
#include "tests/unit/replica_daemon/replica_directory.hpp"

#include <fcntl.h>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

ErrorKind refusal(const RunOptions& options) {
    const auto opened = open_directory(options);
    REQUIRE_FALSE(opened);
    INFO(opened.error().text());
    CHECK_FALSE(opened.error().hint.empty());
    return opened.error().kind;
}

void spoil_superblock(const ReplicaDirectory& directory) {
    File file;
    REQUIRE(file.open(zone_file(directory.data(), Zone::Superblock), O_RDWR) == 0);
    const std::vector<std::byte> noise(superblock_copies * superblock_bytes, std::byte{0x5a});
    REQUIRE(file.write_at(0, noise) == 0);
}

} // namespace

TEST_CASE("a formatted directory says what it was formatted with", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    RunOptions other = directory.options;
    other.format.cluster = 0;
    other.format.limits = Limits{};
    const auto opened = open_directory(other);
    REQUIRE(opened);
    CHECK(opened->cluster == 7);
    CHECK(opened->limits == small_files());
    CHECK_FALSE(opened->recover);
    for (std::size_t i = 0; i < zone_count; ++i) {
        const Zone zone = static_cast<Zone>(i);
        CHECK(std::filesystem::file_size(zone_file(directory.data(), zone)) ==
              zone_bytes(small_files(), zone));
    }
}

TEST_CASE("the files of another cluster are not served", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    RunOptions other = directory.options;
    other.format.cluster = 9;
    for (const bool recover : {false, true}) {
        other.recover = recover;
        const auto opened = open_directory(other);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().kind == ErrorKind::usage);
        CHECK(opened.error().message.find("files of cluster 7, not 9") != std::string::npos);
    }
    CHECK(open_directory(directory.options)); // nothing was spoilt
}

TEST_CASE("a directory is formatted once", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    CHECK_FALSE(format_directory(directory.options.format));
    std::filesystem::remove_all(directory.data());
    CHECK_FALSE(format_directory(directory.options.format));
    std::filesystem::remove(formatted_marker(directory.data()));
    CHECK(format_directory(directory.options.format));
}

TEST_CASE("an empty directory is formatted only where that was asked for", "[replica_daemon]") {
    ReplicaDirectory directory;
    CHECK(refusal(directory.options) == ErrorKind::usage);
    directory.options.format_if_empty = true;
    CHECK(open_directory(directory.options));
    CHECK(open_directory(directory.options)); // the same command line after a kill
}

TEST_CASE("a replica whose files are gone does not come back as a new one", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.options.format_if_empty = true;
    REQUIRE(open_directory(directory.options));
    std::filesystem::remove_all(directory.data());
    CHECK(refusal(directory.options) == ErrorKind::environment);
    directory.options.recover = true;
    const auto opened = open_directory(directory.options);
    REQUIRE(opened);
    CHECK(opened->recover);
    CHECK(opened->cluster == 7);
}

TEST_CASE("recovery goes on after a restart until the others have answered", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.options.recover = true;
    REQUIRE(open_directory(directory.options));
    directory.options.recover = false;
    {
        const auto opened = open_directory(directory.options);
        REQUIRE(opened);
        CHECK(opened->recover);
    }
    REQUIRE(end_recovery(directory.data()));
    CHECK(refusal(directory.options) == ErrorKind::lab); // still blank: nobody wrote a superblock
}

TEST_CASE("a broken superblock is recovered from only where that was asked for",
          "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    spoil_superblock(directory);
    CHECK(refusal(directory.options) == ErrorKind::lab);
    directory.options.recover = true;
    const auto opened = open_directory(directory.options);
    REQUIRE(opened);
    CHECK(opened->recover);
    CHECK(read_file(zone_file(directory.data(), Zone::Superblock)) ==
          std::vector<std::byte>(superblock_copies * superblock_bytes));
}

TEST_CASE("recovery is not begun over a valid superblock", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    const auto before = read_file(zone_file(directory.data(), Zone::Superblock));
    directory.options.recover = true;
    const auto opened = open_directory(directory.options);
    REQUIRE(opened);
    CHECK_FALSE(opened->recover);
    CHECK(read_file(zone_file(directory.data(), Zone::Superblock)) == before);
}

TEST_CASE("files of another replica are refused", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    directory.options.format.self = 2;
    CHECK(refusal(directory.options) == ErrorKind::usage);
}

TEST_CASE("one process runs on a directory", "[replica_daemon]") {
    ReplicaDirectory directory;
    directory.format();
    const auto first = open_directory(directory.options);
    REQUIRE(first);
    CHECK(refusal(directory.options) == ErrorKind::environment);
}

TEST_CASE("the marker lies beside the directory, whatever its name ends with", "[replica_daemon]") {
    CHECK(formatted_marker("/data/replica") == "/data/replica.formatted");
    CHECK(formatted_marker("/data/replica/") == "/data/replica.formatted");
}
