#pragma once

#include "core/nemesis.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "nemesis/grudge.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// nftables texts of the lab, and the reading of what nft answers. Pure and thread-safe.
///
/// All rules live in the table `inet faultlab`, one chain a fault, so that a fault is taken away
/// without touching another one, or rules that are not the lab's. The empty table stays.
namespace faultlab {

using HostRules = std::vector<FaultTarget::HostRules>;

/// "fault_7".
[[nodiscard]] std::string chain_name(FaultId fault);

/// Drops, at every host of the grudge, what comes from those it must not hear, before connection
/// tracking and any rule of the user. Applying it twice is as once. `addresses` holds the IPv4 of
/// every host concerned.
[[nodiscard]] HostRules cut_rules(const Grudge& grudge,
                                  const std::map<std::string, std::string>& addresses,
                                  const std::string& chain,
                                  const std::string& comment);
/// Takes the chain away, whether it is there or not.
[[nodiscard]] HostRules uncut_rules(std::span<const std::string> hosts, const std::string& chain);
/// Asks for the counters of the chain. nft calls it an error when there is no such chain.
[[nodiscard]] HostRules counter_query(std::span<const std::string> hosts, const std::string& chain);
/// Asks which chains there are.
[[nodiscard]] HostRules chain_query(std::span<const std::string> hosts);

/// What nft lists of the lab's table.
struct RuleListing {
    struct Counter {
        std::string chain;
        std::string comment;
        std::int64_t packets = 0;
        std::int64_t bytes = 0;
        friend bool operator==(const Counter&, const Counter&) = default;
    };
    std::vector<std::string> chains;
    std::vector<Counter> counters; ///< one a rule that counts
    /// Over all rules of the chain.
    [[nodiscard]] std::int64_t packets(const std::string& chain) const;
    [[nodiscard]] bool has_chain(const std::string& chain) const;
};

/// Reads the JSON that nft prints for a `list`. Other tables are left out.
Result<RuleListing> parse_rule_listing(std::string_view json);

} // namespace faultlab
