#include "nemesis/links.hpp"

#include "core/catalogue.hpp"
#include "core/check.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace faultlab {
namespace {

std::vector<std::string> client_names(const ClusterView& view) {
    std::vector<std::string> names;
    for (const ClusterView::Client& client : view.clients)
        names.push_back(client.name);
    return names;
}

std::vector<std::string> host_names(const ClusterView& view) {
    std::vector<std::string> names = node_names(view);
    const std::vector<std::string> clients = client_names(view);
    names.insert(names.end(), clients.begin(), clients.end());
    return names;
}

Result<std::vector<std::string>> named_peers(std::string_view text, const ClusterView& view) {
    const std::vector<std::string> known = host_names(view);
    std::vector<std::string> names;
    while (!text.empty()) {
        const auto end = text.find_first_of("+,");
        const std::string name(text.substr(0, end));
        if (std::ranges::find(known, name) == known.end()) return unknown_name("peer", name, known);
        names.push_back(name);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return names;
}

Result<std::vector<std::string>> peers_of(const std::string& peers, const ClusterView& view) {
    if (peers == "replicas") return node_names(view);
    if (peers == "clients") return client_names(view);
    if (peers == "all") return host_names(view);
    return named_peers(peers, view);
}

/// 3 of "n3".
NodeId number_in(const std::string& name) {
    NodeId number = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + 1, end, number);
    FAULTLAB_CHECK(error == std::errc());
    FAULTLAB_CHECK(rest == end);
    return number;
}

/// The nodes at either end of the links.
std::vector<NodeId> nodes_at(const Links& links, const ClusterView& view) {
    const std::set<std::string> hosts = concerned(links);
    std::vector<NodeId> nodes;
    for (std::size_t i = 0; i < view.nodes.size(); ++i) {
        if (hosts.contains(view.nodes[i].name)) nodes.push_back(static_cast<NodeId>(i));
    }
    return nodes;
}

Result<ChosenLinks> exact_links(const LinkRequest& request, const ClusterView& view) {
    const std::vector<std::string> known = host_names(view);
    ChosenLinks chosen;
    FAULTLAB_TRY(chosen.links, grudge_from_text(request.exactly, known));
    FAULTLAB_TRY(const TargetSpec targets, parse_target(request.target, node_names(view)));
    chosen.targets = targets.nodes.empty() ? nodes_at(chosen.links, view) : targets.nodes;
    return chosen;
}

} // namespace

Result<ChosenLinks> choose_links(const LinkRequest& request, const ClusterView& view, Rng& rng) {
    if (!request.exactly.empty()) return exact_links(request, view);
    ChosenLinks chosen;
    FAULTLAB_TRY(const TargetSpec spec, parse_target(request.target, node_names(view)));
    FAULTLAB_TRY(chosen.targets, resolve_targets(spec, view, rng));
    FAULTLAB_TRY(const std::vector<std::string> peers, peers_of(request.peers, view));
    for (const NodeId target : chosen.targets) {
        const std::string& name = view.nodes.at(static_cast<std::size_t>(target)).name;
        for (const std::string& peer : peers) {
            if (peer == name) continue;
            if (request.direction != "out") chosen.links[name].insert(peer);
            if (request.direction != "in") chosen.links[peer].insert(name);
        }
    }
    chosen.target_text = names_text(chosen.targets, view);
    const bool group = request.peers == "replicas" || request.peers == "clients";
    chosen.peers_text = group                    ? request.peers
                        : request.peers == "all" ? std::string("everybody")
                                                 : fmt::format("{}", fmt::join(peers, " "));
    if (!chosen.links.empty()) return chosen;
    return usage_error(fmt::format("{} has no peers among '{}'", chosen.target_text, request.peers),
                       "write peers=replicas, clients, all, or names of hosts");
}

Links reversed(const Links& links) {
    Links result;
    for (const auto& [receiver, senders] : links) {
        for (const std::string& sender : senders)
            result[sender].insert(receiver);
    }
    return result;
}

int hurt_directions(const Links& links, const std::string& a, const std::string& b) {
    return (hears(links, a, b) ? 0 : 1) + (hears(links, b, a) ? 0 : 1);
}

Value::List address_list(const Links& links, const ClusterView& view) {
    const std::set<std::string> hosts = concerned(links);
    Value::List list;
    const auto add = [&](const std::string& name, const std::string& address) {
        if (hosts.contains(name)) list.emplace_back(Value::List{name, address});
    };
    for (const ClusterView::Node& node : view.nodes)
        add(node.name, node.address);
    for (const ClusterView::Client& client : view.clients)
        add(client.name, client.address);
    return list;
}

Result<std::map<std::string, std::string>> stored_addresses(const Fault& fault) {
    const Error broken = lab_error(fmt::format("fault {} has no readable addresses", fault.id));
    std::map<std::string, std::string> addresses;
    const auto stored = fault.params.find("addresses");
    if (stored == fault.params.end() || stored->second.list() == nullptr) return broken;
    for (const Value& pair : *stored->second.list()) {
        const Value::List* parts = pair.list();
        if (parts == nullptr || parts->size() != 2) return broken;
        const std::string* name = parts->front().text();
        const std::string* address = parts->back().text();
        if (name == nullptr || address == nullptr) return broken;
        addresses[*name] = *address;
    }
    return addresses;
}

Result<Links> stored_links(const Fault& fault,
                           const std::map<std::string, std::string>& addresses) {
    std::vector<std::string> hosts;
    for (const auto& [name, address] : addresses)
        hosts.push_back(name);
    return grudge_from_text(text_of(fault.params, "links"), hosts);
}

std::vector<std::string> receivers_of(const Links& links) {
    std::vector<std::string> names;
    for (const auto& [receiver, senders] : links)
        names.push_back(receiver);
    return names;
}

Host& host_named(FaultTarget& target, const std::string& name) {
    const NodeId node = node_of_host(name);
    if (node != no_node) return target.node_host(node);
    return target.client_host(number_in(name) - 1);
}

NodeId node_of_host(const std::string& name) {
    return name.starts_with('n') ? number_in(name) - 1 : no_node;
}

} // namespace faultlab
