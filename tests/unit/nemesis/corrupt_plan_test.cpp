// Which bytes a corruption hits.
#include "nemesis/node/corrupt_plan.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

using namespace faultlab;
using namespace faultlab::node;

namespace {

constexpr std::int64_t whole = 1'000'000;

std::set<std::int64_t> bytes_of(const std::vector<ByteRange>& ranges) {
    std::set<std::int64_t> bytes;
    for (const ByteRange& range : ranges) {
        for (std::int64_t at = range.offset; at < range.end(); ++at)
            bytes.insert(at);
    }
    return bytes;
}

/// Some ranges, ascending and apart.
std::vector<ByteRange> some_ranges(Rng& rng) {
    std::vector<ByteRange> ranges;
    std::int64_t at = 0;
    for (std::int64_t i = rng.between(0, 6); i > 0; --i) {
        at += rng.between(1, 9);
        ranges.push_back({.offset = at, .length = rng.between(1, 9)});
        at = ranges.back().end();
    }
    return ranges;
}

Stripes some_stripes(Rng& rng) {
    Stripes stripes{.start = rng.between(0, 40),
                    .end = rng.chance(1, 2) ? 0 : rng.between(1, 120),
                    .chunk = rng.between(1, 17),
                    .modulus = rng.between(1, 5)};
    stripes.index = rng.between(0, stripes.modulus - 1);
    return stripes;
}

} // namespace

TEST_CASE("chunks cover what is meant of a file, in order, and no more") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Rng rng(seed);
        const Stripes stripes = some_stripes(rng);
        const std::int64_t file = rng.between(0, 100);
        std::int64_t at = stripes.start;
        for (const Chunk& chunk : chunks_of(stripes, file)) {
            CHECK(chunk.range.offset == at);
            CHECK(chunk.range.length >= 1);
            CHECK(chunk.range.length <= stripes.chunk);
            at = chunk.range.end();
        }
        const std::int64_t end = stripes.end == 0 ? file : std::min(stripes.end, file);
        CHECK(at == std::max(stripes.start, end));
    }
}

TEST_CASE("stripes of one modulus share no byte, and together are all") {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Rng rng(seed);
        Stripes stripes = some_stripes(rng);
        const std::int64_t file = rng.between(0, 100);
        std::set<std::int64_t> all;
        std::size_t sum = 0;
        for (stripes.index = 0; stripes.index < stripes.modulus; ++stripes.index) {
            const auto hit = bytes_of(hit_ranges(chunks_of(stripes, file)));
            sum += hit.size();
            all.insert(hit.begin(), hit.end());
        }
        CHECK(sum == all.size());
        std::set<std::int64_t> chunks;
        for (const Chunk& chunk : chunks_of(
                 {.start = stripes.start, .end = stripes.end, .chunk = stripes.chunk}, file)) {
            chunks.merge(bytes_of({chunk.range}));
        }
        CHECK(all == chunks);
    }
}

TEST_CASE("an intersection is the bytes that lie in both") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Rng rng(seed);
        const auto a = some_ranges(rng);
        const auto b = some_ranges(rng);
        const auto both = intersection(a, b);
        const auto in_a = bytes_of(a);
        const auto in_b = bytes_of(b);
        std::set<std::int64_t> expected;
        std::ranges::set_intersection(in_a, in_b, std::inserter(expected, expected.end()));
        CHECK(bytes_of(both) == expected);
        CHECK(total_bytes(both) == static_cast<std::int64_t>(expected.size()));
        CHECK(both == intersection(b, a));
    }
}

TEST_CASE("flips are so many different bits of the ranges, and every bit comes up") {
    std::set<BitFlip> seen;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Rng rng(seed);
        const auto ranges = some_ranges(rng);
        const auto bytes = bytes_of(ranges);
        const std::int64_t count = rng.between(1, 80);
        const auto flips = draw_flips(ranges, count, rng);
        CHECK(static_cast<std::int64_t>(flips.size()) ==
              std::min(count, 8 * static_cast<std::int64_t>(bytes.size())));
        CHECK(std::ranges::adjacent_find(flips, std::ranges::greater_equal{}) == flips.end());
        for (const BitFlip& flip : flips) {
            CHECK(bytes.contains(flip.offset));
            CHECK((flip.bit >= 0 && flip.bit < 8));
        }
        Rng one(seed);
        for (const BitFlip& flip :
             draw_flips(std::vector<ByteRange>{{.offset = 5, .length = 3}}, 1, one))
            seen.insert(flip);
    }
    CHECK(seen.size() == 24);
}

TEST_CASE("a share of the bits is about that share, none of none and all of all") {
    const std::vector<ByteRange> ranges = {{.offset = 10, .length = 1000},
                                           {.offset = 5000, .length = 1000}};
    Rng rng(1);
    CHECK(draw_flips_by_share(ranges, 0, rng).empty());
    CHECK(draw_flips_by_share(ranges, whole, rng).size() == 16'000);
    const auto tenth = draw_flips_by_share(ranges, whole / 10, rng).size();
    CHECK(tenth > 1300);
    CHECK(tenth < 1900);
}

TEST_CASE("copies overwrite chunks that are hit by others that are not, and that are in use") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Rng rng(seed);
        const auto chunks = chunks_of(some_stripes(rng), rng.between(0, 100));
        std::vector<bool> usable;
        std::set<std::int64_t> sources;
        std::set<std::int64_t> places;
        const bool all_hit = std::ranges::all_of(chunks, &Chunk::hit);
        for (const Chunk& chunk : chunks) {
            usable.push_back(rng.chance(2, 3));
            if (!usable.back()) continue;
            if (chunk.hit) places.insert(chunk.range.offset);
            if (!chunk.hit || all_hit) sources.insert(chunk.range.offset);
        }
        for (const ChunkCopy& copy : draw_copies(chunks, usable, whole, rng)) {
            CHECK(places.contains(copy.to.offset));
            CHECK(sources.contains(copy.from));
            CHECK(copy.from != copy.to.offset);
        }
        CHECK(draw_copies(chunks, usable, 0, rng).empty());
    }
}

TEST_CASE("the same seed hits the same bytes") {
    const auto chunks = chunks_of({.chunk = 16, .modulus = 2}, 1000);
    const auto ranges = hit_ranges(chunks);
    const auto drawn = [&](std::uint64_t seed) {
        Rng rng(seed);
        auto flips = draw_flips(ranges, 9, rng);
        return std::pair(flips, draw_flips_by_share(ranges, whole / 2, rng));
    };
    CHECK(drawn(7) == drawn(7));
    CHECK(drawn(7) != drawn(8));
}
