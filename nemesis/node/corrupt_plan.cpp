#include "nemesis/node/corrupt_plan.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <set>

namespace faultlab::node {
namespace {

constexpr std::int64_t whole = 1'000'000; // millionths

/// The bit of this number, counted through the ranges.
BitFlip nth_bit(std::span<const ByteRange> ranges, std::int64_t number) {
    for (const ByteRange& range : ranges) {
        const std::int64_t bits = range.length * 8;
        if (number < bits)
            return {.offset = range.offset + number / 8, .bit = static_cast<int>(number % 8)};
        number -= bits;
    }
    throw Bug("there are not so many bits");
}

} // namespace

std::vector<Chunk> chunks_of(const Stripes& stripes, std::int64_t file_bytes) {
    FAULTLAB_CHECK(stripes.chunk >= 1);
    FAULTLAB_CHECK(stripes.modulus >= 1);
    FAULTLAB_CHECK(stripes.index >= 0);
    FAULTLAB_CHECK(stripes.index < stripes.modulus);
    FAULTLAB_CHECK(stripes.start >= 0);
    const std::int64_t end = stripes.end == 0 ? file_bytes : std::min(stripes.end, file_bytes);
    std::vector<Chunk> chunks;
    for (std::int64_t at = stripes.start; at < end; at += stripes.chunk) {
        const auto number = static_cast<std::int64_t>(chunks.size());
        chunks.push_back({.range = {.offset = at, .length = std::min(stripes.chunk, end - at)},
                          .hit = number % stripes.modulus == stripes.index});
    }
    return chunks;
}

std::vector<ByteRange> hit_ranges(std::span<const Chunk> chunks) {
    std::vector<ByteRange> ranges;
    for (const Chunk& chunk : chunks) {
        if (chunk.hit) ranges.push_back(chunk.range);
    }
    return ranges;
}

std::vector<ByteRange> intersection(std::span<const ByteRange> a, std::span<const ByteRange> b) {
    std::vector<ByteRange> both;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        const std::int64_t from = std::max(a[i].offset, b[j].offset);
        const std::int64_t to = std::min(a[i].end(), b[j].end());
        if (from < to) both.push_back({.offset = from, .length = to - from});
        ++(a[i].end() < b[j].end() ? i : j);
    }
    return both;
}

std::int64_t total_bytes(std::span<const ByteRange> ranges) {
    std::int64_t total = 0;
    for (const ByteRange& range : ranges)
        total += range.length;
    return total;
}

std::vector<BitFlip> draw_flips(std::span<const ByteRange> ranges, std::int64_t count, Rng& rng) {
    const std::int64_t bits = 8 * total_bytes(ranges);
    std::set<BitFlip> flips;
    // The last of `count` picks is among all bits, the one before among one bit less, and so on: a
    // bit that was picked already stands for the one that became possible with this pick (Floyd).
    for (std::int64_t last = std::max<std::int64_t>(0, bits - count); last < bits; ++last) {
        const BitFlip drawn = nth_bit(ranges, rng.between(0, last));
        flips.insert(flips.contains(drawn) ? nth_bit(ranges, last) : drawn);
    }
    return {flips.begin(), flips.end()};
}

std::vector<BitFlip>
draw_flips_by_share(std::span<const ByteRange> ranges, std::int64_t share, Rng& rng) {
    std::vector<BitFlip> flips;
    for (const ByteRange& range : ranges) {
        for (std::int64_t bit = 0; bit < range.length * 8; ++bit) {
            if (!rng.chance(static_cast<std::uint64_t>(share), whole)) continue;
            flips.push_back({.offset = range.offset + bit / 8, .bit = static_cast<int>(bit % 8)});
        }
    }
    return flips;
}

std::vector<ChunkCopy> draw_copies(std::span<const Chunk> chunks,
                                   const std::vector<bool>& usable,
                                   std::int64_t share,
                                   Rng& rng) {
    FAULTLAB_CHECK(usable.size() == chunks.size());
    const bool all_hit = std::ranges::all_of(chunks, &Chunk::hit);
    std::vector<ChunkCopy> copies;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        if (!chunks[i].hit || !usable[i]) continue;
        if (!rng.chance(static_cast<std::uint64_t>(share), whole)) continue;
        std::vector<std::int64_t> sources;
        for (std::size_t j = 0; j < chunks.size(); ++j) {
            const bool may = j != i && usable[j] && (all_hit || !chunks[j].hit);
            if (may && chunks[j].range.length >= chunks[i].range.length)
                sources.push_back(chunks[j].range.offset);
        }
        if (sources.empty()) continue;
        copies.push_back({.to = chunks[i].range, .from = sources[rng.below(sources.size())]});
    }
    return copies;
}

} // namespace faultlab::node
