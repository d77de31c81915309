#include "nemesis/targets.hpp"

#include "core/check.hpp"
#include "core/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace faultlab {
namespace {

constexpr std::array<std::pair<std::string_view, TargetKind>, 11> named_kinds = {{
    {"random", TargetKind::random},
    {"one", TargetKind::one},
    {"minority", TargetKind::minority},
    {"majority", TargetKind::majority},
    {"minority-third", TargetKind::minority_third},
    {"quorum-minus-one", TargetKind::quorum_minus_one},
    {"leader", TargetKind::leader},
    {"follower", TargetKind::follower},
    {"leaders", TargetKind::leaders},
    {"primaries", TargetKind::leaders},
    {"all", TargetKind::all},
}};

std::optional<TargetKind> kind_named(std::string_view text) {
    for (const auto& [name, kind] : named_kinds) {
        if (name == text) return kind;
    }
    return std::nullopt;
}

/// "client-2" is client host 1, which people call c2.
std::optional<NodeId> client_named(std::string_view text) {
    constexpr std::string_view before = "client-";
    if (!text.starts_with(before)) return std::nullopt;
    text.remove_prefix(before.size());
    NodeId number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool read = error == std::errc() && end == text.data() + text.size() && number >= 1;
    return read ? std::optional(number - 1) : std::nullopt;
}

Result<std::vector<NodeId>> node_of_client(NodeId client, const ClusterView& view) {
    const auto number = static_cast<std::size_t>(client);
    if (number >= view.clients.size()) {
        return usage_error(
            fmt::format("there is no client {}: there are {}", client + 1, view.clients.size()),
            "clients are counted from client-1, one host of them a node");
    }
    const NodeId node = view.clients[number].node;
    if (node == no_node) return lab_error(fmt::format("client {} talks to no node", client + 1));
    return std::vector<NodeId>{node};
}

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names(1);
    for (const char c : text) {
        if (c == ',' || c == '+') {
            names.emplace_back();
        } else if (c != ' ') {
            names.back() += c;
        }
    }
    return names;
}

std::vector<NodeId> nodes_where(const ClusterView& view, auto condition) {
    std::vector<NodeId> nodes;
    for (std::size_t i = 0; i < view.nodes.size(); ++i) {
        if (condition(view.nodes[i])) nodes.push_back(static_cast<NodeId>(i));
    }
    return nodes;
}

std::int32_t size_of(TargetKind kind, std::int32_t nodes) {
    switch (kind) {
        case TargetKind::minority: return minority_of(nodes);
        case TargetKind::majority: return majority_of(nodes);
        case TargetKind::minority_third: return minority_third_of(nodes);
        case TargetKind::quorum_minus_one: return quorum_loss_of(nodes);
        case TargetKind::all: return nodes;
        case TargetKind::follower: return nodes > 1 ? 1 : 0;
        case TargetKind::random:
        case TargetKind::one:
        case TargetKind::leader:
        case TargetKind::leaders:
        case TargetKind::client:
        case TargetKind::list: return std::min(1, nodes);
    }
    return 0;
}

} // namespace

std::int32_t majority_of(std::int32_t nodes) {
    return nodes / 2 + 1;
}
std::int32_t minority_of(std::int32_t nodes) {
    return majority_of(nodes) - 1;
}
std::int32_t quorum_loss_of(std::int32_t nodes) {
    return nodes - majority_of(nodes) + 1;
}
std::int32_t minority_third_of(std::int32_t nodes) {
    return std::max(0, (nodes - 1) / 3);
}

std::vector<std::string> target_names() {
    std::vector<std::string> names;
    for (const auto& [name, kind] : named_kinds)
        names.emplace_back(name);
    return names;
}

std::vector<std::string> default_node_names(std::int32_t nodes) {
    std::vector<std::string> names;
    for (std::int32_t i = 1; i <= nodes; ++i)
        names.push_back(fmt::format("n{}", i));
    return names;
}

std::vector<std::string> node_names(const ClusterView& view) {
    std::vector<std::string> names;
    for (const ClusterView::Node& node : view.nodes)
        names.push_back(node.name);
    return names;
}

std::string names_text(std::span<const NodeId> nodes, const ClusterView& view) {
    std::vector<std::string> names;
    for (const NodeId node : nodes)
        names.push_back(view.nodes.at(static_cast<std::size_t>(node)).name);
    return fmt::format("{}", fmt::join(names, " "));
}

std::string nodes_text(std::int64_t nodes) {
    return fmt::format("{} node{}", nodes, nodes == 1 ? "" : "s");
}

Result<TargetSpec> parse_target(std::string_view text, std::span<const std::string> node_names) {
    const auto node_count = static_cast<std::int32_t>(node_names.size());
    if (const auto kind = kind_named(text)) {
        if (size_of(*kind, node_count) == 0) {
            return usage_error(fmt::format("among {} there is no {}", nodes_text(node_count), text),
                               "use more nodes, or the target 'one'");
        }
        return TargetSpec{.kind = *kind};
    }
    if (const auto client = client_named(text)) {
        return TargetSpec{.kind = TargetKind::client, .client = *client};
    }
    TargetSpec spec{.kind = TargetKind::list};
    for (const std::string& name : split_names(text)) {
        const auto found = std::ranges::find(node_names, name);
        if (found == node_names.end()) {
            std::vector<std::string> candidates = target_names();
            candidates.insert(candidates.end(), node_names.begin(), node_names.end());
            return usage_error(
                fmt::format("'{}' is neither a node nor a kind of target", name),
                fmt::format("nearest: {}", fmt::join(nearest_names(name, candidates), ", ")));
        }
        spec.nodes.push_back(static_cast<NodeId>(found - node_names.begin()));
    }
    std::ranges::sort(spec.nodes);
    const auto [first, last] = std::ranges::unique(spec.nodes);
    spec.nodes.erase(first, last);
    return spec;
}

Result<std::vector<NodeId>>
resolve_targets(const TargetSpec& spec, const ClusterView& view, Rng& rng) {
    const auto everyone = nodes_where(view, [](const auto&) { return true; });
    const auto leading = nodes_where(view, [](const auto& node) { return node.leads; });
    const auto following = nodes_where(view, [](const auto& node) { return !node.leads; });
    if (everyone.empty()) return lab_error("there are no nodes to choose targets from");
    const auto count =
        static_cast<std::size_t>(size_of(spec.kind, static_cast<std::int32_t>(everyone.size())));
    if (count == 0) return usage_error("so few nodes have no such target");
    switch (spec.kind) {
        case TargetKind::random: return choose_some(everyone, rng);
        case TargetKind::one:
        case TargetKind::minority:
        case TargetKind::majority:
        case TargetKind::minority_third:
        case TargetKind::quorum_minus_one:
        case TargetKind::all: return choose(everyone, count, rng);
        case TargetKind::leader:
            if (leading.empty()) return lab_error("no node says that it leads");
            return choose(leading, 1, rng);
        case TargetKind::follower:
            if (following.empty()) return lab_error("every node says that it leads");
            return choose(following, 1, rng);
        case TargetKind::leaders:
            if (leading.empty()) return lab_error("no node says that it leads");
            return choose_some(leading, rng);
        case TargetKind::client: return node_of_client(spec.client, view);
        case TargetKind::list: return spec.nodes;
    }
    return spec.nodes;
}

std::vector<NodeId> choose(std::span<const NodeId> from, std::size_t count, Rng& rng) {
    FAULTLAB_CHECK(count <= from.size());
    std::vector<NodeId> chosen(from.begin(), from.end());
    rng.shuffle(std::span(chosen));
    chosen.resize(count);
    std::ranges::sort(chosen);
    return chosen;
}

std::vector<NodeId> choose_some(std::span<const NodeId> from, Rng& rng) {
    FAULTLAB_CHECK(!from.empty());
    return choose(from, 1 + rng.below(from.size()), rng);
}

} // namespace faultlab
