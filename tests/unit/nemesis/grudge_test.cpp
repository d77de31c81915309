#include "nemesis/grudge.hpp"
#include "nemesis/targets.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;

namespace {

Side hosts_of(std::int32_t nodes) {
    return default_node_names(nodes);
}

} // namespace

TEST_CASE("a complete grudge cuts every pair across sides and none within") {
    const std::vector<Side> sides = {{"a"}, {"b", "c"}, {"d"}};
    const Grudge grudge = complete_grudge(sides);
    CHECK(grudge == Grudge{{"a", {"b", "c", "d"}},
                           {"b", {"a", "d"}},
                           {"c", {"a", "d"}},
                           {"d", {"a", "b", "c"}}});
    CHECK(is_symmetric(grudge));
    CHECK(linked(grudge, "b", "c"));
    CHECK(linked(grudge, "a", "outsider"));
}

TEST_CASE("one side alone cuts nothing") {
    const std::vector<Side> sides = {{"a", "b"}};
    CHECK(complete_grudge(sides).empty());
}

TEST_CASE("one way is one way") {
    const Side deaf = {"a"};
    const Side unheard = {"b", "c"};
    const Grudge grudge = one_way_grudge(deaf, unheard);
    CHECK(grudge == Grudge{{"a", {"b", "c"}}});
    CHECK_FALSE(hears(grudge, "a", "b"));
    CHECK(hears(grudge, "b", "a"));
    CHECK_FALSE(linked(grudge, "b", "a"));
    CHECK_FALSE(is_symmetric(grudge));
    CHECK(concerned(grudge) == std::set<std::string>{"a", "b", "c"});
}

TEST_CASE("everybody talks to the bridge, and nobody across it") {
    for (std::int32_t n = 3; n <= 9; ++n) {
        const Side hosts = hosts_of(n);
        const Grudge grudge = bridge_grudge(hosts);
        CHECK(is_symmetric(grudge));
        CHECK(visible(grudge, hosts[0], hosts).size() == hosts.size());
        for (const std::string& host : std::span(hosts).subspan(1)) {
            INFO(host << " of " << n);
            CHECK(linked(grudge, host, hosts[0]));
            const auto half = hosts.size() / 2;
            const auto seen = visible(grudge, host, hosts).size();
            CHECK((seen == half + 1 || seen == (hosts.size() - 1) / 2 + 1));
            CHECK(seen < hosts.size());
        }
    }
}

TEST_CASE("in a ring every node sees a majority, no two the same") {
    for (std::int32_t n = 3; n <= 12; ++n) {
        const Side hosts = hosts_of(n);
        std::set<Grudge> different;
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
            Rng rng(seed);
            const Grudge grudge = ring_grudge(hosts, rng);
            INFO("n = " << n << ", seed " << seed << ": " << to_text(grudge));
            CHECK(is_symmetric(grudge));
            std::set<std::set<std::string>> majorities;
            for (const std::string& host : hosts) {
                const auto seen = visible(grudge, host, hosts);
                CHECK(seen.size() >= static_cast<std::size_t>(majority_of(n)));
                majorities.insert(seen);
            }
            CHECK(majorities.size() == hosts.size());
            different.insert(grudge);
        }
        CHECK(different.size() > 2);
    }
}

TEST_CASE("rings of 4 and 5 leave no link that could be spared") {
    for (std::int32_t n = 4; n <= 5; ++n) {
        const Side hosts = hosts_of(n);
        Rng rng(3);
        const Grudge grudge = ring_grudge(hosts, rng);
        for (const std::string& host : hosts)
            CHECK(visible(grudge, host, hosts).size() == 3);
    }
}

TEST_CASE("large rings are thinned evenly, down to hardly more than a majority for each") {
    for (std::int32_t n = 6; n <= 12; ++n) {
        const Side hosts = hosts_of(n);
        const auto majority = static_cast<std::size_t>(majority_of(n));
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            Rng rng(seed);
            const Grudge grudge = ring_grudge(hosts, rng);
            INFO("n = " << n << ", seed " << seed);
            std::size_t sum = 0;
            for (const std::string& host : hosts) {
                const std::size_t seen = visible(grudge, host, hosts).size();
                CHECK(seen <= majority + 1);
                sum += seen;
            }
            CHECK(sum <= hosts.size() * majority + hosts.size() / 2);
        }
    }
}

TEST_CASE("a grudge comes back from its text") {
    const Side hosts = {"n1", "n2", "n3", "c1"};
    const Grudge grudge = {{"n1", {"n2", "c1"}}, {"c1", {"n1"}}};
    CHECK(to_text(grudge) == "c1<-n1;n1<-c1,n2");
    const auto read = grudge_from_text(to_text(grudge), hosts);
    REQUIRE(read.ok());
    CHECK(*read == grudge);
}

TEST_CASE("every drawn ring comes back from its text") {
    const Side hosts = hosts_of(9);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Rng rng(seed);
        const Grudge grudge = ring_grudge(hosts, rng);
        const auto read = grudge_from_text(to_text(grudge), hosts);
        REQUIRE(read.ok());
        CHECK(*read == grudge);
    }
}

TEST_CASE("sides are read with either separator; who is on none stays connected") {
    const Side hosts = hosts_of(4);
    for (const char* text : {"n1|n2,n3", "n1 | n2+n3"}) {
        const auto grudge = grudge_from_text(text, hosts);
        REQUIRE(grudge.ok());
        CHECK(*grudge == Grudge{{"n1", {"n2", "n3"}}, {"n2", {"n1"}}, {"n3", {"n1"}}});
        CHECK(visible(*grudge, "n4", hosts).size() == 4);
    }
}

TEST_CASE("partitions that cannot be read say why") {
    const Side hosts = hosts_of(3);
    const auto unknown = grudge_from_text("n1|n22", hosts);
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().kind == ErrorKind::usage);
    CHECK(unknown.error().message.find("'n22'") != std::string::npos);
    CHECK(unknown.error().hint.find("n2") != std::string::npos);
    const auto twice = grudge_from_text("n1|n1,n2", hosts);
    REQUIRE_FALSE(twice.ok());
    CHECK(twice.error().message.find("twice") != std::string::npos);
    for (const char* text : {"", "n1", "n1|", "n1<-", "<-n1", "n1<-n2;", "n1->n2"}) {
        INFO(text);
        const auto bad = grudge_from_text(text, hosts);
        REQUIRE_FALSE(bad.ok());
        CHECK(bad.error().kind == ErrorKind::usage);
    }
}
