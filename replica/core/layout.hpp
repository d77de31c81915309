#pragma once

#include "replica/core/config.hpp"
#include "replica/core/input.hpp"

namespace faultlab::replica {

/// Bytes of each zone: superblock copies; `slots` headers; `slots` prepares of message_bytes;
/// two areas for snapshots.
[[nodiscard]] std::uint64_t zone_bytes(const Limits& limits, Zone zone);
/// Bytes that the snapshot of a full state machine and client table can take.
[[nodiscard]] std::uint64_t snapshot_bytes(const Limits& limits);
/// Bytes of one chunk of a snapshot: fits a message.
[[nodiscard]] std::uint32_t chunk_bytes(const Limits& limits);
/// What is wrong with the limits ("checkpoint_every 300 with 512 slots: at most 248"), or null.
[[nodiscard]] const char* complaint(const Limits& limits);

} // namespace faultlab::replica
