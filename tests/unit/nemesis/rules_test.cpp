#include "nemesis/rules.hpp"
#include "tests/support/catch.hpp"

using namespace faultlab;

namespace {

// Printed by nft 1.0.6, with a table of somebody else.
constexpr const char* recorded = R"({"nftables": [
  {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
  {"chain": {"family": "inet", "table": "theirs", "name": "fault_7", "handle": 1}},
  {"rule": {"family": "inet", "table": "theirs", "chain": "fault_7", "handle": 2,
            "expr": [{"counter": {"packets": 99, "bytes": 9900}}, {"drop": null}]}},
  {"chain": {"family": "inet", "table": "faultlab", "name": "fault_7", "handle": 1,
             "type": "filter", "hook": "input", "prio": -300, "policy": "accept"}},
  {"rule": {"family": "inet", "table": "faultlab", "chain": "fault_7", "handle": 5,
            "comment": "faultlab fault 7: partition",
            "expr": [{"match": {"op": "==",
                                "left": {"payload": {"protocol": "ip", "field": "saddr"}},
                                "right": {"set": ["10.0.0.2", "10.0.0.3"]}}},
                     {"counter": {"packets": 12, "bytes": 720}}, {"drop": null}]}},
  {"rule": {"family": "inet", "table": "faultlab", "chain": "fault_7", "handle": 6,
            "expr": [{"counter": {"packets": 3, "bytes": 180}}, {"drop": null}]}},
  {"rule": {"family": "inet", "table": "faultlab", "chain": "fault_8", "handle": 7,
            "expr": [{"drop": null}]}}]})";

} // namespace

TEST_CASE("a listing gives the lab's chains and counters, not those of others") {
    const auto listing = parse_rule_listing(recorded);
    REQUIRE(listing.ok());
    CHECK(listing->chains == std::vector<std::string>{"fault_7"});
    CHECK(listing->counters ==
          std::vector<RuleListing::Counter>{{"fault_7", "faultlab fault 7: partition", 12, 720},
                                            {"fault_7", "", 3, 180}});
    CHECK(listing->packets("fault_7") == 15);
    CHECK(listing->packets("fault_8") == 0);
    CHECK(listing->has_chain("fault_7"));
    CHECK_FALSE(listing->has_chain("fault_8"));
}

TEST_CASE("a listing without rules is empty") {
    const auto listing =
        parse_rule_listing(R"({"nftables": [{"metainfo": {"json_schema_version": 1}}]})");
    REQUIRE(listing.ok());
    CHECK(listing->chains.empty());
    CHECK(listing->counters.empty());
}

TEST_CASE("what is no listing is an error") {
    for (const char* text :
         {"",
          "table inet faultlab {}",
          "[]",
          "{}",
          R"({"nftables": 3})",
          R"({"nftables": [{"rule": {"family": "inet", "table": "faultlab"}}]})"}) {
        INFO(text);
        CHECK_FALSE(parse_rule_listing(text).ok());
    }
}

TEST_CASE("each host drops what the grudge says, in one text") {
    const auto rules = cut_rules({{"n1", {"n2", "n3"}}, {"n3", {"n1"}}},
                                 {{"n1", "10.0.0.1"}, {"n2", "10.0.0.2"}, {"n3", "10.0.0.3"}},
                                 "fault_7",
                                 "faultlab fault 7: partition");
    REQUIRE(rules.size() == 2);
    CHECK(rules[0].host == "n1");
    CHECK(rules[0].text ==
          "add table inet faultlab\n"
          "add chain inet faultlab fault_7 { type filter hook input priority -300; policy accept; "
          "}\n"
          "flush chain inet faultlab fault_7\n"
          "add rule inet faultlab fault_7 ip saddr { 10.0.0.2, 10.0.0.3 } counter drop comment "
          "\"faultlab fault 7: partition\"\n");
    CHECK(rules[1].host == "n3");
    CHECK(rules[1].text.find("{ 10.0.0.1 }") != std::string::npos);
}
