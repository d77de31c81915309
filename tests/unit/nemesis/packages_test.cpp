// Several faults by one name.
#include "nemesis/catalogue.hpp"
#include "nemesis/packages.hpp"
#include "nemesis/schedule.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

using namespace faultlab;

namespace {

using Names = std::vector<std::string>;

Result<Names> expand(const Names& names, std::uint64_t seed = 1) {
    return expand_packages(names, 3, Rng(seed));
}

std::string complaint(const Names& names) {
    const auto expanded = expand(names);
    if (expanded) return "none";
    CHECK(expanded.error().kind == ErrorKind::usage);
    return expanded.error().message;
}

} // namespace

TEST_CASE("every fault belongs to a family, and every family is a package of its own name") {
    std::set<std::string> in_packages;
    for (const Package& package : fault_packages()) {
        CHECK_FALSE(package.summary.empty());
        CHECK_FALSE(find_nemesis(package.name).ok());
        if (package.name == "chaos") continue;
        for (const std::string& member : package_members(package.name)) {
            CHECK(find_nemesis(member).value()->family == package.name);
            CHECK(in_packages.insert(member).second);
        }
    }
    for (const NemesisEntry& entry : nemesis_catalogue()) {
        INFO(entry.name);
        CHECK(in_packages.contains(std::string(entry.name)));
    }
    CHECK(package_members("chaos").size() == nemesis_catalogue().size());
    CHECK(package_members("network").front() == "partition");
}

TEST_CASE("names of faults stay, packages are replaced by their members") {
    CHECK(expand({"kill:leader", "partition"}).value() == Names{"kill:leader", "partition"});
    CHECK(expand({}).value().empty());
    Names process = package_members("process");
    CHECK(expand({"process"}).value() == process);
    process.insert(process.begin(), "partition:ring");
    CHECK(expand({"partition:ring", "process"}).value() == process);
}

TEST_CASE("a fault that is there twice is refused, and both reasons are named") {
    CHECK(complaint({"process", "kill"}) ==
          "fault 'kill' is asked for twice: by 'process' and by 'kill'");
    CHECK(complaint({"process", "process"}) == "fault 'process' is asked for twice");
    CHECK(complaint({"kill:leader", "process"}) == "none"); // another fault, as in kill:leader,kill
}

TEST_CASE("what is neither a fault nor a package names the nearest of both") {
    const auto misspelt = expand({"netwrk"});
    REQUIRE_FALSE(misspelt.ok());
    CHECK(misspelt.error().hint == "nearest: network");
    CHECK(complaint({"network:leader"}).find("several faults") != std::string::npos);
}

TEST_CASE("chaos is some of all faults by the seed, and a plan can have whatever it is") {
    std::set<std::string> seen;
    std::set<std::size_t> sizes;
    std::set<Names> draws;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        INFO("seed " << seed);
        const auto drawn = expand({"chaos"}, seed);
        REQUIRE(drawn.ok());
        CHECK(*drawn == expand({"chaos"}, seed).value());
        REQUIRE_FALSE(drawn->empty());
        std::set<std::string> kinds;
        for (const std::string& name : *drawn)
            CHECK(kinds.emplace(fault_class(name)).second);
        seen.merge(kinds);
        sizes.insert(drawn->size());
        draws.insert(*drawn);
        ScheduleSpec spec;
        spec.nemeses = *drawn;
        const auto schedule = draw_schedule(spec, Rng(seed));
        if (!schedule) FAIL(schedule.error().text());
    }
    CHECK(seen.size() == nemesis_catalogue().size());
    CHECK(sizes.size() == nemesis_catalogue().size());
    CHECK(draws.size() > 250);
}

TEST_CASE("chaos takes none of the faults that are asked for beside it") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto drawn = expand({"process", "chaos"}, seed);
        REQUIRE(drawn.ok());
        const auto is_kill = [](const std::string& name) { return fault_class(name) == "kill"; };
        CHECK(std::ranges::count_if(*drawn, is_kill) == 1);
        CHECK(drawn->size() > package_members("process").size());
    }
}
