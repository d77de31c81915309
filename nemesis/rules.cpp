#include "nemesis/rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>

namespace faultlab {
namespace {

using Json = nlohmann::json;

constexpr std::string_view table = "inet faultlab";

HostRules same_for_all(std::span<const std::string> hosts, const std::string& text) {
    HostRules rules;
    for (const std::string& host : hosts)
        rules.push_back({.host = host, .text = text});
    return rules;
}

bool is_ours(const Json& object) {
    return object.value("family", "") == "inet" && object.value("table", "") == "faultlab";
}

void add_counters(const Json& rule, RuleListing& listing) {
    for (const Json& expression : rule.at("expr")) {
        if (!expression.contains("counter")) continue;
        const Json& counter = expression.at("counter");
        if (!counter.is_object()) continue; // a reference to a named counter has no numbers
        listing.counters.push_back({.chain = rule.at("chain").get<std::string>(),
                                    .comment = rule.value("comment", ""),
                                    .packets = counter.at("packets").get<std::int64_t>(),
                                    .bytes = counter.at("bytes").get<std::int64_t>()});
    }
}

RuleListing listing_from(const Json& tree) {
    RuleListing listing;
    for (const Json& item : tree.at("nftables").get_ref<const Json::array_t&>()) {
        if (item.contains("chain") && is_ours(item.at("chain"))) {
            listing.chains.push_back(item.at("chain").at("name").get<std::string>());
        }
        if (item.contains("rule") && is_ours(item.at("rule"))) {
            add_counters(item.at("rule"), listing);
        }
    }
    return listing;
}

} // namespace

std::string chain_name(FaultId fault) {
    return fmt::format("fault_{}", fault);
}

HostRules cut_rules(const Grudge& grudge,
                    const std::map<std::string, std::string>& addresses,
                    const std::string& chain,
                    const std::string& comment) {
    HostRules rules;
    for (const auto& [host, drops] : grudge) {
        std::vector<std::string> sources;
        for (const std::string& from : drops)
            sources.push_back(addresses.at(from));
        // The flush makes it idempotent. Priority -300 is before connection tracking, so that no
        // established connection is let through.
        rules.push_back(
            {.host = host,
             .text = fmt::format(
                 "add table {0}\n"
                 "add chain {0} {1} {{ type filter hook input priority -300; policy accept; }}\n"
                 "flush chain {0} {1}\n"
                 "add rule {0} {1} ip saddr {{ {2} }} counter drop comment \"{3}\"\n",
                 table,
                 chain,
                 fmt::join(sources, ", "),
                 comment)});
    }
    return rules;
}

HostRules uncut_rules(std::span<const std::string> hosts, const std::string& chain) {
    // Adding first makes the deletion possible when the chain is not, or no longer, there.
    return same_for_all(hosts,
                        fmt::format("add table {0}\n"
                                    "add chain {0} {1}\n"
                                    "flush chain {0} {1}\n"
                                    "delete chain {0} {1}\n",
                                    table,
                                    chain));
}

HostRules counter_query(std::span<const std::string> hosts, const std::string& chain) {
    return same_for_all(hosts, fmt::format("list chain {} {}\n", table, chain));
}

HostRules chain_query(std::span<const std::string> hosts) {
    return same_for_all(hosts, "list chains inet\n");
}

std::int64_t RuleListing::packets(const std::string& chain) const {
    std::int64_t sum = 0;
    for (const Counter& counter : counters) {
        if (counter.chain == chain) sum += counter.packets;
    }
    return sum;
}

bool RuleListing::has_chain(const std::string& chain) const {
    return std::ranges::find(chains, chain) != chains.end();
}

Result<RuleListing> parse_rule_listing(std::string_view json) {
    try {
        return listing_from(Json::parse(json));
    } catch (const std::exception& e) {
        return lab_error(fmt::format("cannot read what nft listed: {}", e.what()));
    }
}

} // namespace faultlab
