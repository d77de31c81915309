#pragma once

#include "core/cluster_view.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"
#include "nemesis/grudge.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The shapes of a partition: from "majority-minority" and a cluster to the grudge. Pure and
/// thread-safe.
namespace faultlab {

struct PartitionShape {
    std::string_view name;
    std::string_view summary;
    std::int32_t least_nodes; ///< fewer cannot be cut so
    std::uint64_t weight;     ///< how often plans draw it, against the others; 0: only on request
};

/// Every shape there is, in the order of `describe partition`.
[[nodiscard]] std::span<const PartitionShape> partition_shapes();
/// Null when there is none of this name.
[[nodiscard]] const PartitionShape* find_shape(std::string_view name);

/// What a plan says of a partition.
struct CutRequest {
    std::string shape;
    std::string target;    ///< whom: for isolate, one-way and client. Empty: drawn
    std::string direction; ///< of one-way: "in", "out"; of client: "both", "requests", "replies"
    std::string grudge;    ///< of explicit: see grudge_from_text
};

/// A partition of this cluster, now.
struct Cut {
    Grudge grudge;       ///< never empty
    std::string summary; ///< "n1 cut off from n2 n3 (one)"
};

/// What the request means for this cluster. Unknown names, directions and shapes that so few nodes
/// cannot have are usage errors; "no node says that it leads" is an error of this moment.
Result<Cut> cut_for(const CutRequest& request, const ClusterView& view, Rng& rng);

/// The nodes that are hurt: those which can no longer talk to a majority, itself included; where
/// none is so, every node that is cut from another; where none is, those whose clients are cut off.
[[nodiscard]] std::vector<NodeId> hurt_nodes(const Grudge& grudge, const ClusterView& view);

} // namespace faultlab
