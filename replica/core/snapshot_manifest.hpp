#pragma once

#include "replica/core/checksum.hpp"
#include "replica/core/types.hpp"

#include <type_traits>

namespace faultlab::replica {

/// The beginning of a manifest; the checksums of the chunks follow, in their order. Equal on all
/// replicas for equal ops. The id of a checkpoint is the checksum of its manifest.
struct ManifestHead {
    Op op = 0;               ///< the state after exactly this op
    std::uint64_t bytes = 0; ///< of all chunks
    Checksum parent;         ///< checksum of the entry `op`
    Checksum digest;         ///< of the state
};
static_assert(std::is_trivially_copyable_v<ManifestHead>);

} // namespace faultlab::replica
