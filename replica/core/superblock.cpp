#include "replica/core/superblock.hpp"

#include "replica/core/assert.hpp"

#include <cstddef>
#include <cstring>

namespace faultlab::replica {
namespace {

/// Of a copy, with `copy` as the only difference between the four.
std::optional<Superblock> copy_at(Bytes zone, std::size_t index) {
    if (zone.size() < (index + 1) * superblock_bytes) {
        return std::nullopt;
    }
    Superblock superblock;
    std::memcpy(&superblock, zone.data() + index * superblock_bytes, sizeof superblock);
    // One that says it is another copy was written to the wrong place: this place lost its own.
    if (superblock.copy != index || superblock.checksum != checksum_of(superblock)) {
        return std::nullopt;
    }
    return superblock;
}

struct Candidate {
    Superblock superblock;
    std::size_t copies = 0;
};

} // namespace

Checksum checksum_of(const Superblock& superblock) {
    Superblock plain = superblock;
    plain.copy = 0;
    return checksum(std::as_bytes(std::span(&plain, 1)).subspan(sizeof(Checksum)));
}

std::optional<Superblock> open_superblock(Bytes zone, BugSet& bugs) {
    std::array<Candidate, superblock_copies> candidates;
    for (std::size_t index = 0; index < superblock_copies; ++index) {
        const auto copy = copy_at(zone, index);
        if (!copy) {
            continue;
        }
        for (Candidate& candidate : candidates) {
            if (candidate.copies == 0 || candidate.superblock.checksum == copy->checksum) {
                candidate.superblock = *copy;
                ++candidate.copies;
                break;
            }
        }
    }
    // Copies are written all at once: the newest is either whole (all of it was synced, and at most
    // two copies rotted since), or its write was cut off and nothing depends on it yet.
    const Candidate* newest = nullptr;
    const Candidate* first = nullptr; // of the copies, whatever its age
    for (const Candidate& candidate : candidates) {
        if (candidate.copies == 0) {
            continue;
        }
        first = first == nullptr ? &candidate : first;
        if (candidate.copies >= 2 &&
            (newest == nullptr ||
             newest->superblock.sequence < candidate.superblock.sequence)) {
            newest = &candidate;
        }
    }
    if (bugs.changes(Bug::B3, [&] {
            return first != nullptr &&
                   (newest == nullptr ||
                    first->superblock.checksum != newest->superblock.checksum);
        })) {
        newest = first;
    }
    if (newest == nullptr) {
        return std::nullopt;
    }
    Superblock opened = newest->superblock;
    opened.copy = 0;
    return opened;
}

void lay_out(const Superblock& superblock, std::span<std::byte> zone) {
    REPLICA_ASSERT("superblock.zone", zone.size() >= superblock_copies * superblock_bytes);
    REPLICA_ASSERT("superblock.sealed", superblock.checksum == checksum_of(superblock));
    std::memset(zone.data(), 0, superblock_copies * superblock_bytes);
    Superblock copy = superblock;
    for (std::size_t index = 0; index < superblock_copies; ++index) {
        copy.copy = static_cast<std::uint8_t>(index);
        std::memcpy(zone.data() + index * superblock_bytes, &copy, sizeof copy);
    }
}

} // namespace faultlab::replica
