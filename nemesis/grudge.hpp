#pragma once

#include "core/result.hpp"
#include "core/rng.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Who refuses to hear whom: every partition is one such value. Pure and thread-safe; hosts are
/// plain names, so that it can be tested with plain lists.
namespace faultlab {

/// For each host the hosts whose packets it drops. Directional. A host that drops nothing is not in
/// it.
using Grudge = std::map<std::string, std::set<std::string>>;

using Side = std::vector<std::string>;

/// Whether packets from `from` arrive at `to`.
[[nodiscard]] bool hears(const Grudge& grudge, const std::string& to, const std::string& from);
/// Whether they can talk: a connection needs both directions.
[[nodiscard]] bool linked(const Grudge& grudge, const std::string& a, const std::string& b);
/// The hosts that `host` can talk to, itself included.
[[nodiscard]] std::set<std::string>
visible(const Grudge& grudge, const std::string& host, std::span<const std::string> hosts);
/// Every cut is a cut in both directions.
[[nodiscard]] bool is_symmetric(const Grudge& grudge);
/// Every host that drops something or is not heard by somebody.
[[nodiscard]] std::set<std::string> concerned(const Grudge& grudge);

/// Nobody hears anybody of another side. Hosts on no side stay connected to everybody.
[[nodiscard]] Grudge complete_grudge(std::span<const Side> sides);
/// `deaf` does not hear `unheard`; the other direction stays open.
[[nodiscard]] Grudge one_way_grudge(std::span<const std::string> deaf,
                                    std::span<const std::string> unheard);
/// Two halves cut from each other, and one host, the first, that everybody can talk to.
/// Requires: at least 3 hosts.
[[nodiscard]] Grudge bridge_grudge(std::span<const std::string> hosts);
/// Every host can talk to a majority, and no two of them see the same one; every cut is in both
/// directions. Up to 5 hosts it is exact: a path of 3, a cycle of 4 or 5. Above, links are taken
/// away at random from the best connected hosts while both ends keep a majority, as Jepsen's
/// majorities-ring does for many nodes; the result is checked, and should twenty trials fail, a
/// ring is taken in which each host sees its nearest neighbours. Requires: at least 3 hosts.
[[nodiscard]] Grudge ring_grudge(std::span<const std::string> hosts, Rng& rng);

/// "n1<-n2,n3;n2<-n1": n1 drops what comes from n2 and n3, n2 what comes from n1.
[[nodiscard]] std::string to_text(const Grudge& grudge);
/// Reads the text above, or sides, "n1|n2,n3", which is the complete grudge between them. '+' may
/// stand for ','. A name that is not among `hosts` is a usage error that names the nearest.
Result<Grudge> grudge_from_text(std::string_view text, std::span<const std::string> hosts);

} // namespace faultlab
