#pragma once

#include "core/rng.hpp"

#include <cstdint>
#include <span>
#include <vector>

/// Which bytes of a file a corruption hits: pure, the same seed gives the same bytes.
namespace faultlab::node {

/// Part of a file; its length is never 0.
struct ByteRange {
    std::int64_t offset = 0;
    std::int64_t length = 0;
    [[nodiscard]] std::int64_t end() const { return offset + length; }
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// The bytes from `start` to `end` of a file in chunks, of which every `modulus`-th is hit: those
/// whose number leaves the remainder `index`. With one modulus and different indexes, as on the
/// nodes of a cluster, no byte is hit twice.
struct Stripes {
    std::int64_t start = 0;
    std::int64_t end = 0; ///< 0: to the end of the file
    std::int64_t chunk = 4096;
    std::int64_t modulus = 1;
    std::int64_t index = 0;
};

struct Chunk {
    ByteRange range;
    bool hit = false;
};

/// All chunks of a file of so many bytes, ascending; the last may be shorter. Requires: chunk and
/// modulus at least 1, 0 <= index < modulus, start not negative.
[[nodiscard]] std::vector<Chunk> chunks_of(const Stripes& stripes, std::int64_t file_bytes);

/// The ranges of the chunks that are hit.
[[nodiscard]] std::vector<ByteRange> hit_ranges(std::span<const Chunk> chunks);

/// What lies in both. Both ascending, without overlaps; so is the result.
[[nodiscard]] std::vector<ByteRange> intersection(std::span<const ByteRange> a,
                                                  std::span<const ByteRange> b);

[[nodiscard]] std::int64_t total_bytes(std::span<const ByteRange> ranges);

struct BitFlip {
    std::int64_t offset = 0; ///< of the byte
    int bit = 0;             ///< 0 to 7
    friend auto operator<=>(const BitFlip&, const BitFlip&) = default;
};

/// `count` different bits of the ranges, every choice equally likely, ascending; all of them when
/// there are fewer.
[[nodiscard]] std::vector<BitFlip>
draw_flips(std::span<const ByteRange> ranges, std::int64_t count, Rng& rng);

/// Every bit of the ranges with a chance of `share` millionths, independently; ascending.
[[nodiscard]] std::vector<BitFlip>
draw_flips_by_share(std::span<const ByteRange> ranges, std::int64_t share, Rng& rng);

/// A chunk that is overwritten by the bytes at another place of the file.
struct ChunkCopy {
    ByteRange to;
    std::int64_t from = 0;
};

/// For each chunk that is hit, with a chance of `share` millionths, another one of its length to
/// copy from: one that is not hit; where all are, any other. `usable` tells of each chunk whether
/// it may take part.
[[nodiscard]] std::vector<ChunkCopy> draw_copies(std::span<const Chunk> chunks,
                                                 const std::vector<bool>& usable,
                                                 std::int64_t share,
                                                 Rng& rng);

} // namespace faultlab::node
