#pragma once

#include "core/cluster_view.hpp"
#include "core/fault.hpp"
#include "core/host.hpp"
#include "core/nemesis.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/types.hpp"
#include "core/value.hpp"
#include "nemesis/grudge.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Which links a fault of the network is on.
namespace faultlab {

/// For each receiving host the hosts whose packets to it are hurt: as in a grudge, with its text.
using Links = Grudge;

struct LinkRequest {
    std::string target;    ///< a target spec
    std::string direction; ///< "in": what the targets receive; "out": what they send; "both"
    std::string peers;     ///< "replicas", "clients", "all", or names, "n2+c1"
    std::string exactly;   ///< links as text; when it is not empty nothing else counts
};

struct ChosenLinks {
    Links links;
    std::vector<NodeId> targets; ///< nodes
    std::string target_text;     ///< "n1 n3"
    std::string peers_text;      ///< "replicas", "n2 c1"
};

/// A target that has no such peer is a usage error.
Result<ChosenLinks> choose_links(const LinkRequest& request, const ClusterView& view, Rng& rng);

/// Who sends on them: for each the receivers.
[[nodiscard]] Links reversed(const Links& links);

/// How many directions between the two are hurt: 0, 1 or 2.
[[nodiscard]] int hurt_directions(const Links& links, const std::string& a, const std::string& b);

/// The hosts at either end of the links and their IPv4, for params:
/// [["n1", "10.0.0.1"], …].
[[nodiscard]] Value::List address_list(const Links& links, const ClusterView& view);
/// Reads them back.
Result<std::map<std::string, std::string>> stored_addresses(const Fault& fault);
/// Reads the links of params back.
Result<Links> stored_links(const Fault& fault, const std::map<std::string, std::string>& addresses);

[[nodiscard]] std::vector<std::string> receivers_of(const Links& links);

/// "n3" or "c1". Requires: such a name.
Host& host_named(FaultTarget& target, const std::string& name);
/// 2 for "n3"; no_node for a client host.
[[nodiscard]] NodeId node_of_host(const std::string& name);

} // namespace faultlab
