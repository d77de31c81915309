#pragma once

#include "replica/daemon/data_directory.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <vector>

namespace faultlab::replica {

/// Sizes with which the files of a replica take little room and rings wrap soon.
inline Limits small_files() {
    Limits limits;
    limits.slots = 16;
    limits.message_bytes = 8192;
    limits.request_bytes = 512;
    limits.batch = 4;
    limits.pipeline = 4;
    limits.clients = 4;
    limits.checkpoint_every = 6;
    limits.entries = 32;
    limits.value_blocks = 64;
    return limits;
}

/// A directory for replica 1 of three, not formatted yet, and options that fit it.
struct ReplicaDirectory {
    test::TemporaryDirectory temporary;
    RunOptions options;

    ReplicaDirectory() {
        options.format.data = temporary.path() / "replica";
        options.format.self = 1;
        options.format.cluster = 7;
        options.format.limits = small_files();
        options.format.membership.voter_count = 3;
        options.format.membership.voters = {1, 2, 3};
    }
    [[nodiscard]] const std::filesystem::path& data() const { return options.format.data; }
    void format() const {
        const auto formatted = format_directory(options.format);
        INFO((formatted ? std::string() : formatted.error().text()));
        REQUIRE(formatted);
    }
};

inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
    File file;
    REQUIRE(file.open(path, 0) == 0);
    std::uint64_t size = 0;
    REQUIRE(file.size(size) == 0);
    std::vector<std::byte> bytes(size);
    REQUIRE(file.read_at(0, bytes) == 0);
    return bytes;
}

} // namespace faultlab::replica
