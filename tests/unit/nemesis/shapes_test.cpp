#include "nemesis/shapes.hpp"
#include "nemesis/targets.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace faultlab;

namespace {

ClusterView cluster(std::int32_t nodes, const std::set<NodeId>& leading = {0}) {
    ClusterView view;
    for (const std::string& name : default_node_names(nodes)) {
        const auto id = static_cast<NodeId>(view.nodes.size());
        view.nodes.push_back({.name = name, .leads = leading.contains(id)});
        view.clients.push_back({.name = "c" + name.substr(1), .node = id});
    }
    return view;
}

Cut cut(const CutRequest& request, const ClusterView& view, std::uint64_t seed) {
    Rng rng(seed);
    const auto result = cut_for(request, view, rng);
    if (!result) FAIL(result.error().text());
    return *result;
}

/// The groups of nodes that can talk to each other, by size. Requires: such groups exist.
std::multiset<std::size_t> side_sizes(const Grudge& grudge, const ClusterView& view) {
    const Side nodes = node_names(view);
    std::set<std::set<std::string>> sides;
    for (const std::string& node : nodes)
        sides.insert(visible(grudge, node, nodes));
    std::multiset<std::size_t> sizes;
    std::size_t members = 0;
    for (const auto& side : sides) {
        sizes.insert(side.size());
        members += side.size();
    }
    CHECK(members == nodes.size()); // else the sides overlap
    return sizes;
}

/// Calls `check(cut, view)` for clusters of 2 to 9 nodes that can have the shape, and many seeds.
template <class Check>
void for_clusters(const std::string& shape, Check check) {
    for (std::int32_t n = find_shape(shape)->least_nodes; n <= 9; ++n) {
        const ClusterView view = cluster(std::max(n, 2), {0, 1});
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            INFO(shape << " of " << n << " nodes, seed " << seed);
            const Cut made = cut({.shape = shape}, view, seed);
            CHECK_FALSE(made.grudge.empty());
            CHECK(made.summary.find("(" + shape + ")") != std::string::npos);
            check(made, view);
        }
    }
}

bool only_nodes(const Grudge& grudge) {
    return std::ranges::all_of(concerned(grudge), [](const auto& host) { return host[0] == 'n'; });
}

} // namespace

TEST_CASE("one: a single node against the rest") {
    std::set<Grudge> different;
    for_clusters("one", [&](const Cut& made, const ClusterView& view) {
        CHECK(is_symmetric(made.grudge));
        CHECK(side_sizes(made.grudge, view) ==
              std::multiset<std::size_t>{1, view.nodes.size() - 1});
        if (view.nodes.size() == 5) different.insert(made.grudge);
    });
    CHECK(different.size() == 5);
}

TEST_CASE("halves: always the first nodes, the smaller half") {
    for_clusters("halves", [](const Cut& made, const ClusterView& view) {
        const auto n = view.nodes.size();
        CHECK(side_sizes(made.grudge, view) == std::multiset<std::size_t>{n / 2, n - n / 2});
        const Side nodes = node_names(view);
        CHECK(visible(made.grudge, "n1", nodes) ==
              std::set<std::string>(nodes.begin(), nodes.begin() + static_cast<long>(n / 2)));
    });
}

TEST_CASE("random halves: the same sizes, other nodes each time") {
    std::set<Grudge> different;
    for_clusters("random-halves", [&](const Cut& made, const ClusterView& view) {
        const auto n = view.nodes.size();
        CHECK(side_sizes(made.grudge, view) == std::multiset<std::size_t>{n / 2, n - n / 2});
        if (n == 4) different.insert(made.grudge);
    });
    CHECK(different.size() == 3);
}

TEST_CASE("majority and minority: one side always keeps a majority, and the sizes vary") {
    std::set<std::size_t> minorities_of_nine;
    for_clusters("majority-minority", [&](const Cut& made, const ClusterView& view) {
        const auto sizes = side_sizes(made.grudge, view);
        REQUIRE(sizes.size() == 2);
        CHECK(*sizes.rbegin() >=
              static_cast<std::size_t>(majority_of(static_cast<int>(view.nodes.size()))));
        if (view.nodes.size() == 9) minorities_of_nine.insert(*sizes.begin());
    });
    CHECK(minorities_of_nine == std::set<std::size_t>{1, 2, 3, 4});
}

TEST_CASE("minority third: the largest side below a third") {
    for_clusters("minority-third", [](const Cut& made, const ClusterView& view) {
        const auto n = view.nodes.size();
        CHECK(side_sizes(made.grudge, view) ==
              std::multiset<std::size_t>{(n - 1) / 3, n - (n - 1) / 3});
    });
}

TEST_CASE("ring: every node keeps a majority and loses somebody, or is the middle of three") {
    for_clusters("ring", [](const Cut& made, const ClusterView& view) {
        const Side nodes = node_names(view);
        std::set<std::set<std::string>> majorities;
        for (const std::string& node : nodes)
            majorities.insert(visible(made.grudge, node, nodes));
        CHECK(majorities.size() == nodes.size());
        CHECK(only_nodes(made.grudge));
    });
}

TEST_CASE("bridge: exactly one node of two halves sees all") {
    for_clusters("bridge", [](const Cut& made, const ClusterView& view) {
        const Side nodes = node_names(view);
        std::size_t see_all = 0;
        for (const std::string& node : nodes)
            see_all += visible(made.grudge, node, nodes).size() == nodes.size() ? 1U : 0U;
        CHECK(see_all == 1);
        CHECK(is_symmetric(made.grudge));
    });
}

TEST_CASE("leaders: each chosen one alone, leaders not chosen stay with the rest") {
    std::set<std::multiset<std::size_t>> sizes_of_five;
    for_clusters("leaders", [&](const Cut& made, const ClusterView& view) {
        const auto n = view.nodes.size();
        const auto sizes = side_sizes(made.grudge, view);
        const bool one_chosen = sizes == std::multiset<std::size_t>{1, n - 1};
        const bool both_chosen = n == 2 || sizes == std::multiset<std::size_t>{1, 1, n - 2};
        CHECK((one_chosen || both_chosen));
        if (n == 5) sizes_of_five.insert(sizes);
    });
    CHECK(sizes_of_five.size() == 2);
}

TEST_CASE("leaders: only nodes that lead are isolated, and without one there is no such cut") {
    const ClusterView view = cluster(5, {3});
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const Cut made = cut({.shape = "leaders"}, view, seed);
        CHECK(visible(made.grudge, "n4", node_names(view)).size() == 1);
        CHECK(made.summary == "n4 cut off from n1 n2 n3 n5 (leaders)");
    }
    Rng rng(1);
    const auto none = cut_for({.shape = "leaders"}, cluster(3, {}), rng);
    REQUIRE_FALSE(none.ok());
    CHECK(none.error().message == "no node says that it leads");
}

TEST_CASE("one way: what passes in one direction is lost in the other, for every cut pair") {
    std::set<Grudge> different;
    for_clusters("one-way", [&](const Cut& made, const ClusterView& view) {
        const Side nodes = node_names(view);
        std::size_t cut_pairs = 0;
        for (const auto& [deaf, drops] : made.grudge) {
            for (const std::string& from : drops) {
                CHECK(hears(made.grudge, from, deaf));
                ++cut_pairs;
            }
        }
        const std::size_t deaf = made.grudge.size();
        CHECK(cut_pairs == deaf * (nodes.size() - deaf));
        if (nodes.size() == 3) different.insert(made.grudge);
    });
    CHECK(different.size() == 6); // three single nodes, each deaf or unheard
}

TEST_CASE("one way: the direction says which side does not hear") {
    const ClusterView view = cluster(3);
    CHECK(cut({.shape = "one-way", .target = "n1", .direction = "in"}, view, 1).grudge ==
          Grudge{{"n1", {"n2", "n3"}}});
    CHECK(cut({.shape = "one-way", .target = "n1", .direction = "out"}, view, 1).grudge ==
          Grudge{{"n2", {"n1"}}, {"n3", {"n1"}}});
}

TEST_CASE("client: whichever node a client talks to, its packets are lost, and no others") {
    std::set<std::size_t> directions;
    for_clusters("client", [&](const Cut& made, const ClusterView& view) {
        std::set<std::string> cut_off;
        for (const std::string& host : concerned(made.grudge)) {
            if (host[0] == 'c') cut_off.insert(host);
        }
        CHECK(cut_off.size() == 1);
        std::size_t ways = 0;
        for (const std::string& client : cut_off) {
            const std::string& first = view.nodes.front().name;
            const bool requests = !hears(made.grudge, first, client);
            const bool replies = !hears(made.grudge, client, first);
            ways = (requests ? 1U : 0U) + (replies ? 1U : 0U);
            CHECK(ways > 0);
            for (const std::string& node : node_names(view)) {
                CHECK(hears(made.grudge, node, client) == !requests);
                CHECK(hears(made.grudge, client, node) == !replies);
                CHECK(visible(made.grudge, node, node_names(view)).size() == view.nodes.size());
            }
        }
        directions.insert(ways);
    });
    CHECK(directions == std::set<std::size_t>{1, 2});
}

TEST_CASE("client: requests are dropped at the nodes, replies at the clients") {
    const ClusterView view = cluster(3);
    const auto grudge = [&](const std::string& direction) {
        return cut({.shape = "client", .target = "n2", .direction = direction}, view, 1).grudge;
    };
    CHECK(grudge("requests") == Grudge{{"n1", {"c2"}}, {"n2", {"c2"}}, {"n3", {"c2"}}});
    CHECK(grudge("replies") == Grudge{{"c2", {"n1", "n2", "n3"}}});
    CHECK(grudge("both") ==
          Grudge{{"n1", {"c2"}}, {"n2", {"c2"}}, {"n3", {"c2"}}, {"c2", {"n1", "n2", "n3"}}});
    ClusterView without_clients = view;
    without_clients.clients.clear();
    Rng rng(1);
    CHECK_FALSE(cut_for({.shape = "client"}, without_clients, rng).ok());
}

TEST_CASE("isolate: the nodes of a target spec together against the rest") {
    const ClusterView view = cluster(5, {2});
    const Cut pair = cut({.shape = "isolate", .target = "n1,n4"}, view, 1);
    CHECK(visible(pair.grudge, "n1", node_names(view)) == std::set<std::string>{"n1", "n4"});
    const Cut leader = cut({.shape = "isolate", .target = "leader"}, view, 1);
    CHECK(leader.summary == "n3 cut off from n1 n2 n4 n5 (isolate)");
}

TEST_CASE("explicit: exactly what was written") {
    const ClusterView view = cluster(3);
    CHECK(cut({.shape = "explicit", .grudge = "n1|n2,n3"}, view, 1).grudge ==
          Grudge{{"n1", {"n2", "n3"}}, {"n2", {"n1"}}, {"n3", {"n1"}}});
    CHECK(cut({.shape = "explicit", .grudge = "c1<-n1"}, view, 1).grudge == Grudge{{"c1", {"n1"}}});
}

TEST_CASE("cuts that cannot be are usage errors") {
    const auto rejected = [](const CutRequest& request, std::int32_t nodes) {
        Rng rng(1);
        const auto result = cut_for(request, cluster(nodes), rng);
        REQUIRE_FALSE(result.ok());
        CHECK(result.error().kind == ErrorKind::usage);
        return result.error().text();
    };
    CHECK(rejected({.shape = "rng"}, 3).find("ring") != std::string::npos);
    CHECK(rejected({.shape = "ring"}, 2).find("at least 3") != std::string::npos);
    CHECK(rejected({.shape = "minority-third"}, 3).find("at least 4") != std::string::npos);
    CHECK(rejected({.shape = "isolate", .target = "all"}, 3).find("other side") !=
          std::string::npos);
    CHECK(rejected({.shape = "one-way", .direction = "inn"}, 3).find("in") != std::string::npos);
    CHECK(rejected({.shape = "client", .direction = "reply"}, 3).find("replies") !=
          std::string::npos);
    CHECK(rejected({.shape = "explicit", .grudge = "n1"}, 3).find("n1|n2,n3") != std::string::npos);
}

TEST_CASE("the nodes hurt have no majority, else lack a node, else their clients are cut off") {
    const ClusterView view = cluster(5);
    const auto hurt = [&](const std::string& grudge) {
        return hurt_nodes(cut({.shape = "explicit", .grudge = grudge}, view, 1).grudge, view);
    };
    CHECK(hurt("n1,n2|n3,n4,n5") == std::vector<NodeId>{0, 1});
    CHECK(hurt("n5<-n1,n2,n3,n4") == std::vector<NodeId>{4});
    CHECK(hurt("n1|n2") == std::vector<NodeId>{0, 1});
    CHECK(hurt("c3<-n3") == std::vector<NodeId>{2});
    CHECK(hurt("c3<-n1,n2,n3,n4,n5") == std::vector<NodeId>{2});
    CHECK(hurt("n1|n2|c3") == std::vector<NodeId>{0, 1});
    CHECK(hurt("n1|n2|n3|n4|n5") == std::vector<NodeId>{0, 1, 2, 3, 4});
}
