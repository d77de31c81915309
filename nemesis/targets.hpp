#pragma once

#include "core/cluster_view.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Whom a fault hits: target specs as text, in plans and on the command line, and what they mean in
/// a cluster at one moment. All of it is pure and thread-safe.
namespace faultlab {

/// floor(n / 2) + 1: any two majorities share a node.
[[nodiscard]] std::int32_t majority_of(std::int32_t nodes);
/// One less than a majority: the most nodes that may fail in a cluster of odd size.
[[nodiscard]] std::int32_t minority_of(std::int32_t nodes);
/// The fewest nodes without which less than a majority is left. In a cluster of odd size that is a
/// majority; in one of even size one less.
[[nodiscard]] std::int32_t quorum_loss_of(std::int32_t nodes);
/// The largest number below a third of the nodes: what Byzantine quorums tolerate.
[[nodiscard]] std::int32_t minority_third_of(std::int32_t nodes);

enum class TargetKind : std::uint8_t {
    random, ///< a non-empty subset, any size
    one,
    minority,
    majority,
    minority_third,
    quorum_minus_one, ///< as many that one less than a majority is left: quorum_loss_of
    leader,           ///< one of those that lead
    follower,         ///< one of those that do not lead
    leaders,          ///< a non-empty subset of those that lead; "primaries" is the same
    all,
    client, ///< the node that the clients of a client host begin with
    list,   ///< exactly these nodes
};

struct TargetSpec {
    TargetKind kind = TargetKind::one;
    std::vector<NodeId> nodes = {}; ///< of a list: ascending, each once
    NodeId client = no_node;        ///< of `client`: which
    friend bool operator==(const TargetSpec&, const TargetSpec&) = default;
};

/// What a target spec can be called, lists and clients apart.
[[nodiscard]] std::vector<std::string> target_names();

/// "n1", "n2", … for a cluster that is not there yet.
[[nodiscard]] std::vector<std::string> default_node_names(std::int32_t nodes);
[[nodiscard]] std::vector<std::string> node_names(const ClusterView& view);
/// "3 nodes".
[[nodiscard]] std::string nodes_text(std::int64_t nodes);
/// "n1 n3".
[[nodiscard]] std::string names_text(std::span<const NodeId> nodes, const ClusterView& view);

/// Reads "minority", "leader", "client-2" (the node that client host c2 talks to), "n1,n3" or
/// "n1+n3" (for places where a comma separates faults).
/// An unknown name, or a kind that this many nodes cannot have, is a usage error that names the
/// nearest valid names.
Result<TargetSpec> parse_target(std::string_view text, std::span<const std::string> node_names);

/// The nodes meant, ascending and never empty, or the reason why there are none now: "no node says
/// that it leads".
Result<std::vector<NodeId>>
resolve_targets(const TargetSpec& spec, const ClusterView& view, Rng& rng);

/// `count` different items of `from`, every choice equally likely. Requires: count <= size.
[[nodiscard]] std::vector<NodeId> choose(std::span<const NodeId> from, std::size_t count, Rng& rng);
/// A non-empty subset: first its size, uniformly, then its members. Requires: `from` not empty.
[[nodiscard]] std::vector<NodeId> choose_some(std::span<const NodeId> from, Rng& rng);

} // namespace faultlab
