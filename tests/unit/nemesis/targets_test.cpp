#include "nemesis/targets.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <functional>
#include <set>

using namespace faultlab;

namespace {

ClusterView cluster(std::int32_t nodes, const std::set<NodeId>& leading = {}) {
    ClusterView view;
    for (const std::string& name : default_node_names(nodes)) {
        const auto id = static_cast<NodeId>(view.nodes.size());
        view.nodes.push_back({.name = name, .leads = leading.contains(id)});
    }
    return view;
}

std::vector<NodeId> resolved(const std::string& text, const ClusterView& view, std::uint64_t seed) {
    const auto spec = parse_target(text, node_names(view));
    REQUIRE(spec.ok());
    Rng rng(seed);
    const auto nodes = resolve_targets(*spec, view, rng);
    REQUIRE(nodes.ok());
    return *nodes;
}

} // namespace

TEST_CASE("quorum sizes are those of the books") {
    const std::vector<std::int32_t> majorities = {1, 2, 2, 3, 3, 4, 4, 5, 5};
    const std::vector<std::int32_t> minorities = {0, 1, 1, 2, 2, 3, 3, 4, 4};
    const std::vector<std::int32_t> losses = {1, 1, 2, 2, 3, 3, 4, 4, 5};
    const std::vector<std::int32_t> thirds = {0, 0, 0, 1, 1, 1, 2, 2, 2};
    for (std::int32_t n = 1; n <= 9; ++n) {
        const auto i = static_cast<std::size_t>(n - 1);
        CHECK(majority_of(n) == majorities[i]);
        CHECK(minority_of(n) == minorities[i]);
        CHECK(minority_third_of(n) == thirds[i]);
        CHECK(quorum_loss_of(n) == losses[i]);
        CHECK(n - quorum_loss_of(n) == majority_of(n) - 1);
        CHECK((minority_third_of(n) == 0 || 3 * minority_third_of(n) < n));
    }
}

TEST_CASE("targets are ascending, different, in the cluster, and as many as the spec says") {
    for (std::int32_t n = 1; n <= 9; ++n) {
        const ClusterView view = cluster(n, {0, n - 1});
        const std::vector<std::pair<std::string, std::int32_t>> sizes = {
            {"one", 1},
            {"leader", 1},
            {"majority", majority_of(n)},
            {"minority", minority_of(n)},
            {"minority-third", minority_third_of(n)},
            {"quorum-minus-one", quorum_loss_of(n)},
            {"all", n},
            {"random", -1},
            {"leaders", -1}};
        for (const auto& [text, size] : sizes) {
            if (size == 0) continue;
            for (std::uint64_t seed = 0; seed < 40; ++seed) {
                INFO(text << " of " << n << ", seed " << seed);
                const auto nodes = resolved(text, view, seed);
                CHECK_FALSE(nodes.empty());
                if (size > 0) CHECK(nodes.size() == static_cast<std::size_t>(size));
                CHECK(std::ranges::adjacent_find(nodes, std::greater_equal<>()) == nodes.end());
                CHECK(nodes.front() >= 0);
                CHECK(nodes.back() < n);
            }
        }
    }
}

TEST_CASE("every node and every size comes up") {
    const ClusterView view = cluster(5);
    std::set<std::vector<NodeId>> singles;
    std::set<std::size_t> sizes;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        singles.insert(resolved("one", view, seed));
        sizes.insert(resolved("random", view, seed).size());
    }
    CHECK(singles.size() == 5);
    CHECK(sizes == std::set<std::size_t>{1, 2, 3, 4, 5});
}

TEST_CASE("leaders and followers are chosen by what the nodes say of themselves") {
    const ClusterView view = cluster(5, {1, 3});
    std::set<std::vector<NodeId>> leaders;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const NodeId leader = resolved("leader", view, seed).front();
        CHECK((leader == 1 || leader == 3));
        const NodeId follower = resolved("follower", view, seed).front();
        CHECK((follower != 1 && follower != 3));
        leaders.insert(resolved(seed % 2 == 0 ? "leaders" : "primaries", view, seed));
    }
    CHECK(leaders == std::set<std::vector<NodeId>>{{1}, {3}, {1, 3}});
}

TEST_CASE("without a leader the error says so, and is not the user's") {
    Rng rng(1);
    for (const char* text : {"leader", "leaders"}) {
        const auto spec = parse_target(text, default_node_names(3));
        REQUIRE(spec.ok());
        const auto nodes = resolve_targets(*spec, cluster(3), rng);
        REQUIRE_FALSE(nodes.ok());
        CHECK(nodes.error().message == "no node says that it leads");
        CHECK(nodes.error().kind == ErrorKind::lab);
    }
}

TEST_CASE("a list is exactly its nodes, in either notation") {
    const ClusterView view = cluster(5);
    CHECK(resolved("n3,n1", view, 1) == std::vector<NodeId>{0, 2});
    CHECK(resolved("n1+n5+n1", view, 1) == std::vector<NodeId>{0, 4});
    CHECK(resolved(" n2 ", view, 1) == std::vector<NodeId>{1});
}

TEST_CASE("what is no target is a usage error that names the nearest") {
    const auto names = default_node_names(3);
    const auto misspelt = parse_target("leeder", names);
    REQUIRE_FALSE(misspelt.ok());
    CHECK(misspelt.error().kind == ErrorKind::usage);
    CHECK(misspelt.error().hint.find("leader") != std::string::npos);
    const auto missing = parse_target("n1,n4", names);
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().message.find("'n4'") != std::string::npos);
    CHECK(missing.error().hint.find("n1") != std::string::npos);
    CHECK_FALSE(parse_target("", names).ok());
    const auto third = parse_target("minority-third", names);
    REQUIRE_FALSE(third.ok());
    CHECK(third.error().kind == ErrorKind::usage);
    const auto alone = parse_target("follower", default_node_names(1));
    REQUIRE_FALSE(alone.ok());
    CHECK(alone.error().kind == ErrorKind::usage);
    CHECK(alone.error().message == "among 1 node there is no follower");
}

TEST_CASE("a client stands for the node that it talks to") {
    ClusterView view = cluster(3);
    view.clients = {{.name = "c1", .address = {}, .node = 2},
                    {.name = "c2", .address = {}, .node = 0},
                    {.name = "c3", .address = {}}};
    CHECK(resolved("client-1", view, 1) == std::vector<NodeId>{2});
    CHECK(resolved("client-2", view, 1) == std::vector<NodeId>{0});
    Rng rng(1);
    const auto idle = resolve_targets(*parse_target("client-3", node_names(view)), view, rng);
    REQUIRE_FALSE(idle.ok());
    CHECK(idle.error().message == "client 3 talks to no node");
    const auto missing = resolve_targets(*parse_target("client-4", node_names(view)), view, rng);
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().kind == ErrorKind::usage);
    CHECK(missing.error().message == "there is no client 4: there are 3");
    for (const char* text : {"client-", "client-0", "client-x", "client-1x", "client"})
        CHECK_FALSE(parse_target(text, node_names(view)).ok());
}
