#include "core/plan.hpp"
#include "nemesis/schedule.hpp"
#include "nemesis/targets.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace faultlab;

namespace {

Schedule drawn(const ScheduleSpec& spec, std::uint64_t seed) {
    const auto schedule = draw_schedule(spec, Rng(seed));
    if (!schedule) FAIL(schedule.error().text());
    return *schedule;
}

std::string text_of(const Schedule& schedule) {
    return to_json(Plan{.faults = schedule.faults});
}

const ScheduleSpec three_kinds = {
    .nemeses = {"partition", "kill", "pause"}, .nodes = 5, .duration = 60 * second};

} // namespace

TEST_CASE("a schedule is the same bytes for the same seed, and others for another") {
    std::set<std::string> texts;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const std::string text = text_of(drawn(three_kinds, seed));
        CHECK(text == text_of(drawn(three_kinds, seed)));
        texts.insert(text);
    }
    CHECK(texts.size() == 50);
}

TEST_CASE("faults come one after the other within their limits and are healed before the end") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const Nanos duration = static_cast<Nanos>(10 + seed % 90) * second;
        ScheduleSpec spec = three_kinds;
        spec.duration = duration;
        INFO("seed " << seed);
        Nanos end_before = -1;
        FaultId id = 0;
        for (const FaultSpec& fault : drawn(spec, seed).faults) {
            CHECK(fault.id == ++id);
            CHECK(fault.duration >= spec.shortest_on);
            CHECK(fault.duration <= spec.longest_on);
            if (end_before < 0) {
                CHECK(fault.t_start == spec.first_after);
            } else {
                CHECK(fault.t_start - end_before >= spec.shortest_off);
                CHECK(fault.t_start - end_before <= spec.longest_off);
            }
            end_before = fault.t_start + fault.duration;
            CHECK(end_before <= duration - spec.margin);
        }
    }
}

TEST_CASE("three kinds in a minute appear at least twice each, in rounds") {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        INFO("seed " << seed);
        const Schedule schedule = drawn(three_kinds, seed);
        CHECK(schedule.warnings.empty());
        std::map<std::string, int> count;
        for (const FaultSpec& fault : schedule.faults)
            ++count[fault.nemesis];
        REQUIRE(schedule.faults.size() >= 6);
        for (const auto& [name, times] : count)
            CHECK(times >= 2);
        for (std::size_t i = 0; i + 2 < 6; i += 3) {
            const std::set<std::string> round = {schedule.faults[i].nemesis,
                                                 schedule.faults[i + 1].nemesis,
                                                 schedule.faults[i + 2].nemesis};
            CHECK(round.size() == 3);
        }
    }
}

TEST_CASE("no two faults of a schedule share their seed") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const Schedule schedule = drawn(three_kinds, seed);
        std::set<std::uint64_t> seeds;
        for (const FaultSpec& fault : schedule.faults)
            seeds.insert(fault.seed);
        CHECK(seeds.size() == schedule.faults.size());
    }
}

TEST_CASE("times use their whole range, and rounds every order") {
    Nanos shortest = never;
    Nanos longest = 0;
    std::set<std::string> first;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const Schedule schedule = drawn(three_kinds, seed);
        first.insert(schedule.faults.front().nemesis);
        for (const FaultSpec& fault : schedule.faults) {
            shortest = std::min(shortest, fault.duration);
            longest = std::max(longest, fault.duration);
        }
    }
    CHECK(first.size() == 3);
    CHECK(shortest < 2200 * millisecond);
    CHECK(longest > 5800 * millisecond);
}

TEST_CASE("another kind in the schedule changes no draw of the kinds that were there") {
    ScheduleSpec two = three_kinds;
    two.nemeses = {"kill", "partition"};
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        std::map<std::string, std::vector<FaultSpec>> with_three;
        std::map<std::string, std::vector<FaultSpec>> with_two;
        for (const FaultSpec& fault : drawn(three_kinds, seed).faults)
            with_three[fault.nemesis].push_back(fault);
        for (const FaultSpec& fault : drawn(two, seed).faults)
            with_two[fault.nemesis].push_back(fault);
        for (const auto& name : two.nemeses) {
            const auto common = std::min(with_three[name].size(), with_two[name].size());
            REQUIRE(common >= 2);
            for (std::size_t i = 0; i < common; ++i) {
                CHECK(with_three[name][i].seed == with_two[name][i].seed);
                CHECK(with_three[name][i].target == with_two[name][i].target);
                CHECK(with_three[name][i].params == with_two[name][i].params);
            }
        }
    }
}

TEST_CASE("a kind that does not fit is named") {
    ScheduleSpec spec = three_kinds;
    spec.duration = 11 * second; // room for two faults: 3 + 2 + 2 + 2 + 1 s
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Schedule schedule = drawn(spec, seed);
        CHECK(schedule.faults.size() == 2);
        REQUIRE(schedule.warnings.size() == 1);
        const std::string missing = schedule.warnings[0].substr(0, schedule.warnings[0].find(' '));
        for (const FaultSpec& fault : schedule.faults)
            CHECK(fault.nemesis != missing);
    }
    spec.duration = 14 * second; // the least that three kinds need
    CHECK(drawn(spec, 1).warnings.empty());
    spec.duration = 2 * second;
    CHECK(drawn(spec, 1).faults.empty());
    CHECK(drawn(spec, 1).warnings.size() == 3);
}

TEST_CASE("no kinds, no faults") {
    const Schedule schedule = drawn({.nemeses = {}}, 1);
    CHECK(schedule.faults.empty());
    CHECK(schedule.warnings.empty());
}

TEST_CASE("on one node the usual faults are those that can hurt it") {
    ScheduleSpec spec = three_kinds;
    spec.nodes = 1;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const Schedule schedule = drawn(spec, seed);
        CHECK(schedule.warnings.empty());
        for (const FaultSpec& fault : schedule.faults) {
            if (fault.nemesis == "partition") {
                CHECK(fault.params.at("shape") == Value("client"));
            } else {
                CHECK((fault.target == "one" || fault.target == "leader" || fault.target == "all"));
            }
        }
    }
}

TEST_CASE("a detail narrows what is drawn") {
    ScheduleSpec spec = three_kinds;
    spec.nemeses = {"kill:leader", "pause:n1+n2", "partition:ring"};
    for (const FaultSpec& fault : drawn(spec, 3).faults) {
        if (fault.nemesis == "kill") CHECK(fault.target == "leader");
        if (fault.nemesis == "pause") CHECK(fault.target == "n1+n2");
        if (fault.nemesis == "partition") CHECK(fault.params.at("shape") == Value("ring"));
    }
    spec.nemeses = {"partition:n1|n2+n3"};
    CHECK(drawn(spec, 3).faults.at(0).params.at("grudge") == Value("n1|n2+n3"));
    spec.nemeses = {"partition:leader"};
    CHECK(drawn(spec, 3).faults.at(0).target == "leader");
    CHECK(fault_class("kill:leader") == "kill");
    CHECK(fault_class("kill") == "kill");
}

TEST_CASE("what cannot be scheduled is a usage error that helps") {
    const auto rejected = [](const ScheduleSpec& spec) {
        const auto schedule = draw_schedule(spec, Rng(1));
        REQUIRE_FALSE(schedule.ok());
        CHECK(schedule.error().kind == ErrorKind::usage);
        return schedule.error().text();
    };
    CHECK(rejected({.nemeses = {"partitoin"}}).find("partition") != std::string::npos);
    CHECK(rejected({.nemeses = {"kill", "kill"}}).find("twice") != std::string::npos);
    CHECK(rejected({.nemeses = {"kill:leadr"}}).find("leader") != std::string::npos);
    CHECK(rejected({.nemeses = {"kill:n4"}}).find("'n4'") != std::string::npos);
    CHECK(rejected({.nemeses = {"partition:minority-third"}, .nodes = 3}).find("at least 4") !=
          std::string::npos);
    CHECK(rejected({.nemeses = {"partition:n1|n9"}}).find("'n9'") != std::string::npos);
    CHECK(rejected({.nemeses = {"kill:follower"}, .nodes = 1}).find("no follower") !=
          std::string::npos);
    CHECK(rejected({.nemeses = {"kill:minority"}, .nodes = 1}).find("no minority") !=
          std::string::npos);
    for (const char* between_nodes : {"one", "ring", "one-way", "leaders", "n1", "leader"}) {
        const std::string partition = std::string("partition:") + between_nodes;
        CHECK(rejected({.nemeses = {partition}, .nodes = 1}).find("among 1 node") !=
              std::string::npos);
    }
    CHECK_FALSE(rejected({.nemeses = {"kill"}, .nodes = 0}).empty());
    CHECK_FALSE(rejected({.nemeses = {"kill"}, .longest_on = second}).empty());
    CHECK_FALSE(rejected({.nemeses = {"kill"}, .shortest_on = 0, .longest_on = 0}).empty());
}

TEST_CASE("rows of faults overlap, and in each row they come one after the other") {
    ScheduleSpec spec = three_kinds;
    spec.at_once = 2;
    bool overlapped = false;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        INFO("seed " << seed);
        std::vector<FaultSpec> active;
        Nanos before = 0;
        for (const FaultSpec& fault : drawn(spec, seed).faults) {
            CHECK(fault.t_start >= before);
            before = fault.t_start;
            CHECK(fault.t_start + fault.duration <= spec.duration - spec.margin);
            std::erase_if(active, [&](const FaultSpec& other) {
                return other.t_start + other.duration <= fault.t_start;
            });
            active.push_back(fault);
            CHECK(active.size() <= 2);
            overlapped = overlapped || active.size() == 2;
        }
    }
    CHECK(overlapped);
}

TEST_CASE("faults that may overlap have a budget, unless it is waived") {
    ScheduleSpec spec = three_kinds;
    const auto budgets = [&] {
        std::set<std::int64_t> found;
        for (const FaultSpec& fault : drawn(spec, 7).faults) {
            const auto budget = fault.params.find(budget_parameter);
            found.insert(budget == fault.params.end() ? -1 : *budget->second.integer());
        }
        return found;
    };
    CHECK(budgets() == std::set<std::int64_t>{-1});
    spec.at_once = 3;
    CHECK(budgets() == std::set<std::int64_t>{2});
    spec.may_lose_quorum = true;
    CHECK(budgets() == std::set<std::int64_t>{-1});
    spec.at_once = 0;
    CHECK_FALSE(draw_schedule(spec, Rng(1)).ok());
    spec.at_once = 17;
    CHECK_FALSE(draw_schedule(spec, Rng(1)).ok());
}

TEST_CASE("what cannot be undone hits the same nodes every time") {
    ScheduleSpec spec = three_kinds;
    spec.nemeses = {"corrupt-file:one:how=bitflip", "corrupt-file:minority", "kill"};
    std::set<std::uint64_t> all;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        std::set<std::uint64_t> seeds;
        for (const FaultSpec& fault : drawn(spec, seed).faults) {
            if (fault.nemesis == "corrupt-file") seeds.insert(fault.seed);
        }
        CHECK(seeds.size() == 1);
        all.merge(seeds);
    }
    CHECK(all.size() == 50);
}

TEST_CASE("of the same seed one node is among a minority") {
    ClusterView view;
    for (const std::string& name : default_node_names(5))
        view.nodes.push_back({.name = name});
    const auto resolved = [&](const char* target, std::uint64_t seed) {
        Rng rng(seed);
        return resolve_targets(*parse_target(target, node_names(view)), view, rng).value();
    };
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto minority = resolved("minority", seed);
        CHECK(std::ranges::count(minority, resolved("one", seed).front()) == 1);
    }
}
