#pragma once

#include "replica/core/config.hpp"
#include "replica/core/input.hpp"

namespace faultlab::replica {

/// Unit of writes: no write is smaller, none begins elsewhere, so that no page has to be read to
/// be written. Disks tear by 512 bytes; nothing here relies on more.
constexpr std::uint32_t page_bytes = 4096;
/// Smallest part that a disk writes as a whole: a header of the ring never crosses one.
constexpr std::uint32_t sector_bytes = 512;

/// Bytes of each zone: superblock copies; `slots` headers; `slots` prepares of message_bytes;
/// two areas for snapshots.
[[nodiscard]] std::uint64_t zone_bytes(const Limits& limits, Zone zone);
/// Bytes that the snapshot of a full state machine and client table can take.
[[nodiscard]] std::uint64_t snapshot_bytes(const Limits& limits);
/// Bytes of one chunk of a snapshot: fits a message.
[[nodiscard]] std::uint32_t chunk_bytes(const Limits& limits);
/// Chunks of a snapshot of snapshot_bytes.
[[nodiscard]] std::uint64_t chunks(const Limits& limits);
/// Bytes of an area's manifest with all its chunks, in whole pages.
[[nodiscard]] std::uint64_t manifest_bytes(const Limits& limits);
/// Bytes of one of the two areas: the manifest, then the chunks.
[[nodiscard]] std::uint64_t area_bytes(const Limits& limits);

/// Where the slot of `op` lies in its ring.
[[nodiscard]] constexpr std::uint64_t prepare_offset(const Limits& limits, std::uint64_t slot) {
    return slot * limits.message_bytes;
}
/// The largest entry: it must fit, whole, into the message that repairs it.
[[nodiscard]] std::uint32_t entry_bytes(const Limits& limits);

/// What is wrong with the limits ("checkpoint_every is more than half of what the log has room
/// for"), or null.
[[nodiscard]] const char* complaint(const Limits& limits);

} // namespace faultlab::replica
