#include "simulator/candidates.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace faultlab;
using namespace faultlab::simulator;

namespace {

Simulation told(std::string_view lines, std::int64_t voters) {
    return {.seed = 1,
            .scenario = find_scenario("baseline").value(),
            .overrides = {{Knob::Voters, voters}, {Knob::Standbys, 0}},
            .script = parse_script(lines).value()};
}

bool among(const std::vector<Script>& scripts, std::string_view lines) {
    return std::ranges::find(scripts, parse_script(lines).value()) != scripts.end();
}

} // namespace

TEST_CASE("A smaller cluster keeps what was done to any replicas that follow each other",
          "[simulator]") {
    std::vector<Script> scripts;
    for (const Simulation& less : smaller_clusters(
             told("stop 9; fault cut at 1 links n4>n5,n4>n1; fault pause at 2 nodes n5", 5)))
        scripts.push_back(*less.script);
    CHECK(scripts.size() == 10); // of three and of four, each from each place
    CHECK(among(scripts, "stop 9; fault cut at 1 links n4>n1"));
    CHECK(among(scripts, "stop 9; fault cut at 1 links n1>n2,n1>n3; fault pause at 2 nodes n2"));
    CHECK(among(scripts, "stop 9; fault cut at 1 links n2>n3; fault pause at 2 nodes n3"));
    CHECK(smaller_clusters(told("stop 9", 3)).empty());
}

TEST_CASE("Lies become fewer and rarer, and stay what they are", "[simulator]") {
    const Script script =
        parse_script("stop 9; fault lie at 1 until 9 links n1>n2,n1>n3 messages Commit,Ping "
                     "changes inflate-commit:700:5 refused-by A8")
            .value();
    const std::vector<Script> all = weaker_faults(script);
    const std::string tail = " changes inflate-commit:700:5 refused-by A8";
    const std::string until = "stop 9; fault lie at 1 until 9 links n1>n2";
    CHECK(among(all, until + " messages Commit,Ping" + tail));
    CHECK(among(all, until + ",n1>n3 messages Ping" + tail));
    CHECK(among(all, until + ",n1>n3 messages Commit,Ping amount 1" + tail));
    CHECK(
        among(all, until + ",n1>n3 messages Commit,Ping changes inflate-commit:700 refused-by A8"));
    for (const Script& one : all) {
        CHECK(one.strikes[0].changes[0].amount == 700);
        CHECK(one.strikes[0].refused_by == "A8");
    }
}

TEST_CASE("Two lies are made one only where they are the same", "[simulator]") {
    const auto united = [](std::string_view change, std::string_view other) {
        const Script script =
            parse_script("stop 9; fault lie at 1 links n1>n2 messages Ping amount 1 changes " +
                         std::string(change) +
                         "; fault lie at 3 links n1>n3 messages Ping amount 2 changes " +
                         std::string(other))
                .value();
        return among(weaker_faults(script),
                     "stop 9; fault lie at 1 links n1>n2,n1>n3 messages Ping amount 3 changes " +
                         std::string(change));
    };
    CHECK(united("size:1", "size:1"));
    CHECK_FALSE(united("size:1", "size:2"));
    CHECK_FALSE(united("size:1", "size:1 when executed-there"));
}

TEST_CASE("Lies say less where somebody can tell", "[simulator]") {
    const std::string line = "stop 9; fault lie at 1 links n1>n2 changes ";
    const std::vector<Script> all =
        plainer_lies(parse_script(line + "truncate-tail:4,creep:-700").value());
    for (const char* const changes : {"truncate-tail:4",
                                      "creep:-700",
                                      "truncate-tail:1,creep:-700",
                                      "truncate-tail:2,creep:-700",
                                      "truncate-tail:3,creep:-700",
                                      "truncate-tail:4,creep:-1",
                                      "truncate-tail:4,creep:-100",
                                      "truncate-tail:4,creep:-350",
                                      "truncate-tail:4,inflate-commit:-700"}) {
        CAPTURE(changes);
        CHECK(among(all, line + changes));
    }
    CHECK(plainer_lies(parse_script(line + "silence:1").value()).empty());
}
