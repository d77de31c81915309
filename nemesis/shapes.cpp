#include "nemesis/shapes.hpp"

#include "core/options.hpp"
#include "nemesis/targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace faultlab {
namespace {

constexpr std::array<PartitionShape, 12> shapes = {{
    {"one", "one random node against the rest", 2, 2},
    {"halves", "the first half of the nodes against the rest", 2, 1},
    {"random-halves", "a random half against the rest", 2, 2},
    {"majority-minority", "a random minority against a majority", 3, 3},
    {"minority-third", "fewer than a third of the nodes against the rest", 4, 1},
    {"ring", "every node sees a majority, no two the same", 3, 2},
    {"bridge", "two halves cut from each other share one node", 3, 2},
    {"leaders", "some of the nodes that lead, each alone; the others stay together", 2, 3},
    {"one-way", "traffic between two sides is lost in one direction only", 2, 2},
    {"client", "clients of some nodes are cut from every node, both ways or one", 1, 1},
    {"isolate", "the nodes of a target spec, together, against the rest", 2, 0},
    {"explicit", "exactly these sides, 'n1|n2,n3', or drops, 'n1<-n2,n3'", 1, 0},
}};

Side names_of(std::span<const NodeId> nodes, const ClusterView& view) {
    Side names;
    for (const NodeId node : nodes)
        names.push_back(view.nodes[static_cast<std::size_t>(node)].name);
    return names;
}

Side others(const Side& side, const ClusterView& view) {
    Side rest;
    for (const ClusterView::Node& node : view.nodes) {
        if (std::ranges::find(side, node.name) == side.end()) rest.push_back(node.name);
    }
    return rest;
}

Side shuffled_nodes(const ClusterView& view, Rng& rng) {
    Side order = node_names(view);
    rng.shuffle(std::span(order));
    return order;
}

std::string words(const Side& side) {
    Side sorted = side;
    std::ranges::sort(sorted, {}, [](const std::string& name) { // n2 before n10
        return std::pair(name.size(), name);
    });
    return fmt::format("{}", fmt::join(sorted, " "));
}

Cut cut_off(const Side& side, const ClusterView& view, std::string_view shape) {
    const std::vector<Side> sides = {side, others(side, view)};
    return {.grudge = complete_grudge(sides),
            .summary =
                fmt::format("{} cut off from {} ({})", words(sides[0]), words(sides[1]), shape)};
}

/// The first `count` of the nodes in this order against the rest.
Cut cut_first(Side order, std::int64_t count, const ClusterView& view, std::string_view shape) {
    order.resize(static_cast<std::size_t>(count));
    return cut_off(order, view, shape);
}

Cut cut_ring(const ClusterView& view, Rng& rng) {
    const Side nodes = node_names(view);
    Cut cut{.grudge = ring_grudge(nodes, rng), .summary = {}};
    std::vector<std::string> views;
    for (const std::string& node : nodes) {
        auto seen = visible(cut.grudge, node, nodes);
        seen.erase(node);
        views.push_back(fmt::format("{} sees {}", node, words(Side(seen.begin(), seen.end()))));
    }
    cut.summary =
        fmt::format("every node sees another majority: {} (ring)", fmt::join(views, ", "));
    return cut;
}

Cut cut_bridge(const ClusterView& view, Rng& rng) {
    const Side order = shuffled_nodes(view, rng);
    Cut cut{.grudge = bridge_grudge(order), .summary = {}};
    const auto half = static_cast<std::ptrdiff_t>((order.size() - 1) / 2);
    cut.summary = fmt::format("{} cut off from {}, {} sees both (bridge)",
                              words(Side(order.begin() + 1, order.begin() + 1 + half)),
                              words(Side(order.begin() + 1 + half, order.end())),
                              order.front());
    return cut;
}

Result<std::vector<NodeId>> targets_of(std::string_view target, const ClusterView& view, Rng& rng) {
    FAULTLAB_TRY(const TargetSpec spec, parse_target(target, node_names(view)));
    return resolve_targets(spec, view, rng);
}

Result<Cut> cut_leaders(const ClusterView& view, Rng& rng) {
    FAULTLAB_TRY(const auto chosen, targets_of("leaders", view, rng));
    const Side alone = names_of(chosen, view);
    std::vector<Side> sides;
    for (const std::string& leader : alone)
        sides.push_back({leader});
    const Side rest = others(alone, view);
    if (!rest.empty()) sides.push_back(rest);
    return Cut{.grudge = complete_grudge(sides),
               .summary =
                   fmt::format("{} {} (leaders)",
                               words(alone),
                               alone.size() == 1 ? fmt::format("cut off from {}", words(rest))
                                                 : std::string("each cut off from everybody"))};
}

/// A side that leaves somebody on the other one.
Result<Side> proper_side(const std::string& target, const ClusterView& view, Rng& rng) {
    if (target.empty()) {
        Side order = shuffled_nodes(view, rng);
        order.resize(1 + static_cast<std::size_t>(rng.below(order.size() - 1)));
        return order;
    }
    FAULTLAB_TRY(const auto chosen, targets_of(target, view, rng));
    if (chosen.size() < view.nodes.size()) return names_of(chosen, view);
    return usage_error(fmt::format("target '{}' leaves no node on the other side", target));
}

Error unknown_direction(const std::string& direction, std::span<const std::string> valid) {
    return usage_error(
        fmt::format("a partition has no direction '{}'", direction),
        fmt::format("nearest: {}", fmt::join(nearest_names(direction, valid), ", ")));
}

/// The direction that was asked for, or one of the `valid` at random.
Result<std::string>
direction_of(const std::string& asked, std::span<const std::string> valid, Rng& rng) {
    if (asked.empty()) return valid[static_cast<std::size_t>(rng.below(valid.size()))];
    if (std::ranges::find(valid, asked) == valid.end()) return unknown_direction(asked, valid);
    return asked;
}

Result<Cut> cut_one_way(const CutRequest& request, const ClusterView& view, Rng& rng) {
    static const std::array<std::string, 2> valid = {"in", "out"};
    FAULTLAB_TRY(const std::string direction, direction_of(request.direction, valid, rng));
    FAULTLAB_TRY(Side deaf, proper_side(request.target, view, rng));
    Side unheard = others(deaf, view);
    if (direction == "out") std::swap(deaf, unheard);
    return Cut{.grudge = one_way_grudge(deaf, unheard),
               .summary =
                   fmt::format("what {} sent to {} was lost, the other way was open (one-way)",
                               words(unheard),
                               words(deaf))};
}

std::string_view lost_by_clients(std::string_view direction) {
    if (direction == "both") return "all packets to and from every node";
    return direction == "requests" ? "their requests to every node" : "the replies of every node";
}

/// From every node, not only their own: some clients go wherever they are sent, and a cut from
/// where they are not would do nothing (docs/decisions/0016-clients-are-cut-from-every-node.md).
Result<Cut> cut_client(const CutRequest& request, const ClusterView& view, Rng& rng) {
    static const std::array<std::string, 3> valid = {"both", "requests", "replies"};
    FAULTLAB_TRY(const std::string direction, direction_of(request.direction, valid, rng));
    FAULTLAB_TRY(const auto chosen,
                 targets_of(request.target.empty() ? "one" : request.target, view, rng));
    Cut cut;
    std::vector<std::string> groups;
    for (const ClusterView::Client& client : view.clients) {
        if (std::ranges::find(chosen, client.node) == chosen.end()) continue;
        for (const std::string& node : node_names(view)) {
            if (direction != "replies") cut.grudge[node].insert(client.name);
            if (direction != "requests") cut.grudge[client.name].insert(node);
        }
        groups.push_back(fmt::format(
            "{} of {}", client.name, view.nodes.at(static_cast<std::size_t>(client.node)).name));
    }
    if (groups.empty()) {
        return lab_error(fmt::format("no client host talks to {}", names_text(chosen, view)));
    }
    cut.summary = fmt::format(
        "clients {} lost {} (client)", fmt::join(groups, ", "), lost_by_clients(direction));
    return cut;
}

Result<Cut> cut_explicit(const CutRequest& request, const ClusterView& view) {
    Side hosts = node_names(view);
    for (const ClusterView::Client& client : view.clients)
        hosts.push_back(client.name);
    FAULTLAB_TRY(Grudge grudge, grudge_from_text(request.grudge, hosts));
    if (grudge.empty()) return usage_error(fmt::format("'{}' cuts nothing", request.grudge));
    return Cut{.grudge = std::move(grudge),
               .summary = fmt::format("{} (explicit partition)", request.grudge)};
}

Result<const PartitionShape*> shape_named(const std::string& name, std::size_t nodes) {
    const PartitionShape* shape = find_shape(name);
    if (shape == nullptr) {
        std::vector<std::string> names;
        for (const PartitionShape& candidate : shapes)
            names.emplace_back(candidate.name);
        return usage_error(fmt::format("a partition cannot have the shape '{}'", name),
                           fmt::format("nearest: {}", fmt::join(nearest_names(name, names), ", ")));
    }
    if (nodes < static_cast<std::size_t>(shape->least_nodes)) {
        return usage_error(
            fmt::format("the partition '{}' cannot be among {}",
                        name,
                        nodes_text(static_cast<std::int64_t>(nodes))),
            fmt::format("it needs at least {}; any number can be cut off from clients: "
                        "partition:client",
                        shape->least_nodes));
    }
    return shape;
}

} // namespace

std::span<const PartitionShape> partition_shapes() {
    return shapes;
}

const PartitionShape* find_shape(std::string_view name) {
    const auto* const found = std::ranges::find(shapes, name, &PartitionShape::name);
    return found == shapes.end() ? nullptr : found;
}

Result<Cut> cut_for(const CutRequest& request, const ClusterView& view, Rng& rng) {
    FAULTLAB_TRY(const PartitionShape* const shape, shape_named(request.shape, view.nodes.size()));
    const std::string_view name = shape->name;
    const auto nodes = static_cast<std::int64_t>(view.nodes.size());
    const auto node_count = static_cast<std::int32_t>(nodes);
    if (name == "one") return cut_first(shuffled_nodes(view, rng), 1, view, name);
    if (name == "halves") return cut_first(node_names(view), nodes / 2, view, name);
    if (name == "random-halves") {
        return cut_first(shuffled_nodes(view, rng), nodes / 2, view, name);
    }
    if (name == "majority-minority") {
        const auto size = rng.between(1, nodes - majority_of(node_count));
        return cut_first(shuffled_nodes(view, rng), size, view, name);
    }
    if (name == "minority-third") {
        return cut_first(shuffled_nodes(view, rng), minority_third_of(node_count), view, name);
    }
    if (name == "ring") return cut_ring(view, rng);
    if (name == "bridge") return cut_bridge(view, rng);
    if (name == "leaders") return cut_leaders(view, rng);
    if (name == "one-way") return cut_one_way(request, view, rng);
    if (name == "client") return cut_client(request, view, rng);
    if (name == "explicit") return cut_explicit(request, view);
    FAULTLAB_TRY(const Side side, proper_side(request.target, view, rng));
    return cut_off(side, view, name);
}

std::vector<NodeId> hurt_nodes(const Grudge& grudge, const ClusterView& view) {
    const Side nodes = node_names(view);
    const std::set<std::string> cut = concerned(grudge);
    const auto majority = static_cast<std::size_t>(majority_of(static_cast<int>(nodes.size())));
    std::vector<NodeId> without_majority;
    std::vector<NodeId> with_cut_link;
    std::vector<NodeId> with_cut_clients;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const std::size_t reached = visible(grudge, nodes[i], nodes).size();
        if (reached < majority) without_majority.push_back(id);
        if (reached < nodes.size()) with_cut_link.push_back(id);
        const bool cut_clients = std::ranges::any_of(view.clients, [&](const auto& client) {
            return client.node == id && cut.contains(client.name);
        });
        if (cut_clients) with_cut_clients.push_back(id);
    }
    if (!without_majority.empty()) return without_majority;
    return with_cut_link.empty() ? with_cut_clients : with_cut_link;
}

} // namespace faultlab
