#include "replica/core/format.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/superblock.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_disk/disk_double.hpp"

using namespace faultlab::replica;

TEST_CASE("the default limits and small ones can be laid out", "[replica_disk]") {
    const Limits limits = GENERATE(Limits{}, small_limits());
    CHECK(complaint(limits) == nullptr);
    CHECK(zone_bytes(limits, Zone::Superblock) == superblock_copies * superblock_bytes);
    CHECK(zone_bytes(limits, Zone::Headers) % page_bytes == 0);
    CHECK(zone_bytes(limits, Zone::Headers) >= limits.slots * sizeof(Header));
    CHECK(zone_bytes(limits, Zone::Prepares) == std::uint64_t{limits.slots} * limits.message_bytes);
    CHECK(chunks(limits) * chunk_bytes(limits) >= snapshot_bytes(limits));
    CHECK(chunk_bytes(limits) + sizeof(Header) <= limits.message_bytes);
    CHECK(manifest_bytes(limits) + snapshot_bytes(limits) <= area_bytes(limits));
    CHECK(zone_bytes(limits, Zone::Snapshot) == 2 * area_bytes(limits));
}

TEST_CASE("limits that contradict each other are refused with a reason", "[replica_disk]") {
    const auto refused = [](auto change) {
        Limits limits;
        change(limits);
        const char* reason = complaint(limits);
        return std::string(reason == nullptr ? "" : reason);
    };
    using Catch::Matchers::StartsWith;
    CHECK_THAT(refused([](Limits& limits) { limits.slots = 3; }), StartsWith("slots"));
    CHECK_THAT(refused([](Limits& limits) { limits.message_bytes += 100; }),
               StartsWith("message_bytes"));
    CHECK_THAT(refused([](Limits& limits) { limits.request_bytes = limits.message_bytes; }),
               StartsWith("request_bytes"));
    CHECK_THAT(refused([](Limits& limits) { limits.request_bytes = 63; }),
               StartsWith("request_bytes"));
    CHECK_THAT(refused([](Limits& limits) { limits.batch = 0; }), StartsWith("batch"));
    CHECK_THAT(refused([](Limits& limits) { limits.pipeline = 300; }), StartsWith("pipeline"));
    CHECK_THAT(refused([](Limits& limits) { limits.checkpoint_every = 249; }),
               StartsWith("checkpoint_every"));
    CHECK_THAT(refused([](Limits& limits) {
                   limits.message_bytes = 8192;
                   limits.request_bytes = 1024;
               }),
               StartsWith("message_bytes: the manifest"));
}

TEST_CASE("a formatted replica opens at the root", "[replica_disk]") {
    Membership membership;
    membership.epoch = 2;
    membership.first_view = 5;
    membership.voter_count = 1;
    membership.voters[0] = 3;
    const Config config{.cluster = 77, .self = 3, .limits = small_limits()};
    BugSet bugs;
    const auto superblock = open_superblock(format(config, membership), bugs);
    REQUIRE(superblock);
    CHECK(superblock->cluster == 77);
    CHECK(superblock->self == 3);
    CHECK(superblock->view == View::of(2, 5));
    CHECK(superblock->log_view == superblock->view);
    CHECK(superblock->membership == membership);
    CHECK(superblock->checkpoint_parent == root_header(77).checksum);
    CHECK(root_header(77).checksum != root_header(78).checksum);
    CHECK(tripped_by([] {
              Config odd;
              odd.limits.slots = 0;
              (void)format(odd, {});
          }) == "format.limits");
}

TEST_CASE("the layout is asked about what there is", "[replica_disk]") {
    Limits limits = small_limits();
    CHECK(tripped_by([&] { (void)zone_bytes(limits, static_cast<Zone>(zone_count)); }) ==
          "layout.zone");
    limits.message_bytes = sector_bytes;
    CHECK(tripped_by([&] { (void)chunk_bytes(limits); }) == "layout.chunk");
    limits.message_bytes = sizeof(Header);
    CHECK(tripped_by([&] { (void)entry_bytes(limits); }) == "layout.entry");
}

TEST_CASE("only who can be a replica is formatted", "[replica_disk]") {
    const auto formatted_as = [](ReplicaId self, const Membership& membership) {
        return tripped_by(
            [&] { (void)format(Config{.self = self, .limits = small_limits()}, membership); });
    };
    CHECK(formatted_as(no_replica, {}) == "format.self");
    CHECK(formatted_as(max_replica_id + 1, {}) == "format.self");
    Membership twice;
    twice.voter_count = 2;
    twice.voters = {1, 1};
    CHECK(formatted_as(1, twice) == "format.membership");
    CHECK(formatted_as(1, Membership{.began_at = 5}) == "format.began");
}
