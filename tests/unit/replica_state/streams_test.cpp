#include "replica/core/admission.hpp"
#include "replica/core/lives.hpp"
#include "replica/core/message.hpp"
#include "replica/core/operation_view.hpp"
#include "replica/core/records.hpp"
#include "replica/core/snapshot_stream.hpp"
#include "tests/support/trips.hpp"

// What the small parts assert.
namespace faultlab::replica {

struct SnapshotStreamProbe {
    static void overfull(SnapshotWriter& out) { out.used_ = 9; }
    static void failed(SnapshotReader& in) { in.failed_ = true; }
};

struct CellProbe {
    static void failed(CellReader& in) { in.failed_ = true; }
};

struct TokenBucketProbe {
    static void set(TokenBucket& bucket, std::uint64_t level, std::uint64_t capacity) {
        bucket.level_ = level;
        bucket.capacity_ = capacity;
    }
};

TEST_CASE("Streams of a snapshot assert where they are", "[replica_state]") {
    std::array<std::byte, 8> eight{};
    SnapshotWriter out(eight);
    SnapshotStreamProbe::overfull(out);
    CHECK_TRIPS("stream-used", out.put(std::uint8_t{1}));
    SnapshotReader in(eight);
    SnapshotStreamProbe::failed(in);
    CHECK_TRIPS("stream-failed", in.get<std::uint8_t>());
}

TEST_CASE("Cells assert where they are, and what they are", "[replica_state]") {
    std::array<std::byte, 8> eight{};
    CellReader in(eight);
    CellProbe::failed(in);
    CHECK_TRIPS("reader-failed", in.step());
    CHECK_TRIPS("integer-cell-type", integer_of(std::array<std::byte, integer_cell_bytes>{}));
    CellWriter out(eight);
    CHECK_TRIPS("written-cell", out.cell(Bytes{}));
    CHECK_TRIPS("written-cell-type", out.cell(std::array{std::byte{4}}));
    CHECK_TRIPS("written-cell-bytes", out.cell(std::size_t{1} << 32U));
    out.number(1);
    out.number(2);
    out.number(3);
    CHECK_TRIPS("number-overflow", out.number_at(0, 2));
}

TEST_CASE("A token bucket asserts that it is one", "[replica_state]") {
    const Admission admission{.rate = 1, .burst = 2};
    TokenBucket bucket(admission);
    TokenBucketProbe::set(bucket, 8, 7);
    CHECK_TRIPS("bucket-level", bucket.retry_after(1));
    TokenBucketProbe::set(bucket, 0, 7);
    CHECK_TRIPS("bucket-wait-suffices", bucket.retry_after(1));
}

TEST_CASE("Headers and records assert their bytes", "[replica_state]") {
    std::array<std::byte, 8> eight{};
    CHECK_TRIPS("header-bytes", header_from(eight));
    CHECK_TRIPS("record-inside", record_at<std::uint32_t>(eight, 1, 1));
    CHECK_TRIPS("record-inside", record_at<std::uint32_t>(eight, 2));
    CHECK(record_at<std::uint32_t>(eight, 1) == 0);
}

TEST_CASE("Lives are those of replicas, and can be counted", "[replica_state]") {
    Lives lives;
    CHECK_TRIPS("lives-of-whom", lives.hold(no_replica, 1));
    CHECK_TRIPS("lives-of-whom", lives.hold(max_replica_id + 1, 1));
    CHECK_TRIPS("lives-learned-of-whom", lives.learn(no_replica, 1));
    CHECK_TRIPS("lives-learned-of-whom", lives.learn(max_replica_id + 1, 1));
    CHECK_TRIPS("lives-fit", lives.learn(1, end_of_incarnations));
    lives.learn(1, end_of_incarnations - 1);
    Lives wrong;
    wrong.lost[no_replica] = 1;
    CHECK_TRIPS("lives-of-nobody", lives.learn(wrong));
}

} // namespace faultlab::replica
