#include "replica/core/layout.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/client_table.hpp"
#include "replica/core/message.hpp"
#include "replica/core/snapshot_manifest.hpp"
#include "replica/core/state_machine.hpp"
#include "replica/core/superblock.hpp"

namespace faultlab::replica {
namespace {

constexpr std::uint64_t whole_pages(std::uint64_t bytes) {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

} // namespace

std::uint64_t zone_bytes(const Limits& limits, Zone zone) {
    REPLICA_ASSERT("layout.zone", static_cast<std::size_t>(zone) < zone_count);
    switch (zone) {
        case Zone::Superblock: return superblock_copies * superblock_bytes;
        case Zone::Headers: return whole_pages(limits.slots * sizeof(Header));
        case Zone::Prepares: return std::uint64_t{limits.slots} * limits.message_bytes;
        case Zone::Snapshot: return 2 * area_bytes(limits);
    }
    return 0;
}

std::uint64_t snapshot_bytes(const Limits& limits) {
    // And, before them, what core_checkpoint.cpp puts there.
    return sizeof(Membership) + sizeof(std::uint32_t) + ClientTable::snapshot_bytes(limits) +
           StateMachine::snapshot_bytes(limits);
}

std::uint32_t chunk_bytes(const Limits& limits) {
    REPLICA_ASSERT("layout.chunk", limits.message_bytes >= sizeof(Header) + sector_bytes);
    return (limits.message_bytes - static_cast<std::uint32_t>(sizeof(Header))) / sector_bytes *
           sector_bytes;
}

std::uint64_t chunks(const Limits& limits) {
    return (snapshot_bytes(limits) + chunk_bytes(limits) - 1) / chunk_bytes(limits);
}

std::uint64_t manifest_bytes(const Limits& limits) {
    return whole_pages(sizeof(ManifestHead) + chunks(limits) * sizeof(Checksum));
}

std::uint64_t area_bytes(const Limits& limits) {
    return manifest_bytes(limits) + whole_pages(chunks(limits) * chunk_bytes(limits));
}

std::uint32_t entry_bytes(const Limits& limits) {
    REPLICA_ASSERT("layout.entry", limits.message_bytes >= 2 * sizeof(Header));
    return limits.message_bytes - static_cast<std::uint32_t>(sizeof(Header));
}

const char* complaint(const Limits& limits) {
    if (limits.slots < 4 || limits.slots > 1U << 20U) {
        return "slots: between 4 and 2^20";
    }
    if (limits.message_bytes % sector_bytes != 0 || limits.message_bytes < 2 * sector_bytes ||
        limits.message_bytes > 16U << 20U) {
        return "message_bytes: a multiple of 512, between 1024 and 16 MiB";
    }
    constexpr std::uint32_t least_request_bytes = 64; // a new membership must fit
    if (limits.request_bytes < least_request_bytes) {
        return "request_bytes: at least 64";
    }
    if (std::uint64_t{limits.request_bytes} + 3 * sizeof(Header) > limits.message_bytes) {
        return "request_bytes: a request, in an entry, in a message that repairs it, is more than "
               "message_bytes";
    }
    if (limits.batch == 0 || limits.clients == 0 || limits.entries == 0 ||
        limits.value_blocks == 0 || limits.digest_every == 0 || limits.queue == 0) {
        return "batch, clients, entries, value_blocks, digest_every, queue: at least 1";
    }
    // A view change sends one header, and a little, for every op of the pipeline and one more.
    constexpr std::uint64_t per_op = sizeof(Header) + 32;
    if (limits.pipeline == 0 ||
        2 * sizeof(Header) + (limits.pipeline + 1ULL) * per_op > limits.message_bytes) {
        return "pipeline: at least 1, and its headers must fit a message";
    }
    if (limits.pipeline >= limits.slots || limits.checkpoint_every == 0 ||
        limits.checkpoint_every > (limits.slots - limits.pipeline) / 2) {
        return "checkpoint_every: at least 1, at most half of slots - pipeline";
    }
    if (sizeof(ManifestHead) + chunks(limits) * sizeof(Checksum) > chunk_bytes(limits)) {
        return "message_bytes: the manifest of the largest snapshot must fit a message";
    }
    return nullptr;
}

} // namespace faultlab::replica
