#pragma once

#include "replica/core/checksum.hpp"
#include "replica/core/message.hpp"
#include "replica/core/types.hpp"

#include <type_traits>

namespace faultlab::replica {

/// The beginning of a manifest; the checksums of the chunks follow, in their order. Equal on all
/// replicas for equal ops. The id of a checkpoint is the checksum of its manifest.
struct ManifestHead {
    Header entry;            ///< the last one whose effect the state has
    std::uint64_t bytes = 0; ///< of all chunks
    Checksum digest;         ///< of the state
    std::uint64_t reserved = 0;
};
static_assert(std::is_trivially_copyable_v<ManifestHead> &&
              std::has_unique_object_representations_v<ManifestHead>);
static_assert(sizeof(ManifestHead) % alignof(Checksum) == 0, "the checksums follow it");

} // namespace faultlab::replica
