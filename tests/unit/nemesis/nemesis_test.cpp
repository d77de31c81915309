#include "core/record.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/grudge.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/targets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sim_host.hpp"

#include <fmt/format.h>

#include <memory>
#include <set>

using namespace faultlab;

namespace {

std::unique_ptr<Nemesis> make(const std::string& name) {
    const auto entry = find_nemesis(name);
    if (!entry) FAIL(entry.error().text());
    return (*entry)->make();
}

Fault resolved(const Nemesis& nemesis, const FaultSpec& spec, const ClusterView& view) {
    const auto fault = nemesis.resolve(spec, view);
    if (!fault) FAIL(fault.error().text());
    return *fault;
}

/// As a schedule draws it when the user says no more than its name.
FaultSpec
drawn(const Nemesis& nemesis, std::string_view name, std::int32_t nodes, std::uint64_t seed) {
    FaultSpec spec{.id = 3, .nemesis = std::string(name), .seed = seed};
    REQUIRE(read_detail("", nemesis.options(), name, spec).ok());
    Rng rng(seed);
    nemesis.draw(rng, nodes, spec);
    return spec;
}

std::string listing(const std::string& chain, int packets) {
    return fmt::format(
        R"({{"nftables": [{{"chain": {{"family": "inet", "table": "faultlab", "name": "{0}"}}}},
            {{"rule": {{"family": "inet", "table": "faultlab", "chain": "{0}",
              "expr": [{{"counter": {{"packets": {1}, "bytes": 0}}}}]}}}}]}})",
        chain,
        packets);
}

/// The rest of what a fault leaves: whether it counts as effective, and as healed.
FaultRecord recorded(const std::vector<Evidence>& evidence) {
    FaultRecord record;
    record.evidence = evidence;
    return record;
}

const FaultSpec isolate_n1 = {
    .id = 4, .nemesis = "partition", .target = "n1", .params = {{"shape", "isolate"}}};

} // namespace

TEST_CASE("the catalogue finds by name, and names the nearest") {
    std::set<std::string_view> names;
    for (const NemesisEntry& entry : nemesis_catalogue()) {
        names.insert(entry.name);
        CHECK_FALSE(entry.summary.empty());
        CHECK_FALSE(entry.make()->needs().empty());
    }
    for (const char* name : {"kill", "partition", "pause", "delay", "packets", "cpu"})
        CHECK(names.contains(name));
    const auto missing = find_nemesis("paus");
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().kind == ErrorKind::usage);
    CHECK(missing.error().hint == "nearest: pause");
}

TEST_CASE("whatever is drawn can be resolved, and the same seed gives the same fault") {
    for (const NemesisEntry& entry : nemesis_catalogue()) {
        const auto nemesis = entry.make();
        for (std::int32_t nodes = 1; nodes <= 9; ++nodes) {
            const ClusterView view = SimTarget(nodes).view();
            for (std::uint64_t seed = 0; seed < 60; ++seed) {
                INFO(entry.name << " on " << nodes << " nodes, seed " << seed);
                const FaultSpec spec = drawn(*nemesis, entry.name, nodes, seed);
                const Fault fault = resolved(*nemesis, spec, view);
                CHECK(fault == resolved(*nemesis, spec, view));
                CHECK_FALSE(fault.targets.empty());
                CHECK_FALSE(fault.summary.empty());
                CHECK_FALSE(fault.undo.empty());
                CHECK(fault.spec_id == 3);
            }
        }
    }
}

TEST_CASE("plans draw every shape that fits, and every usual target") {
    std::set<std::string> shapes;
    std::set<std::string> targets;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        FaultSpec cut{.nemesis = "partition"};
        FaultSpec kill{.nemesis = "kill"};
        Rng rng(seed);
        make("partition")->draw(rng, 5, cut);
        make("kill")->draw(rng, 5, kill);
        shapes.insert(*cut.params.at("shape").text());
        targets.insert(kill.target);
    }
    CHECK(shapes == std::set<std::string>{"one",
                                          "halves",
                                          "random-halves",
                                          "majority-minority",
                                          "minority-third",
                                          "ring",
                                          "bridge",
                                          "leaders",
                                          "one-way",
                                          "client"});
    CHECK(targets == std::set<std::string>{
                         "one", "minority", "majority", "leader", "follower", "random", "all"});
}

TEST_CASE("an exact replay is the same fault, whoever leads by then") {
    for (const NemesisEntry& entry : nemesis_catalogue()) {
        const auto nemesis = entry.make();
        const ClusterView before = SimTarget(5).view();
        ClusterView later = before;
        later.nodes[0].leads = false;
        later.nodes[3].leads = true;
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            INFO(entry.name << ", seed " << seed);
            const FaultSpec spec = drawn(*nemesis, entry.name, 5, seed);
            const Fault fault = resolved(*nemesis, spec, before);
            const FaultSpec same = nemesis->exact(fault, spec);
            const Fault again = resolved(*nemesis, same, later);
            CHECK(again.targets == fault.targets);
            CHECK(again.undo == fault.undo);
            if (entry.name == "partition") {
                CHECK(again.summary == fault.summary);
                CHECK(again.params.at("grudge") == fault.params.at("grudge"));
                CHECK(again.params.at("addresses") == fault.params.at("addresses"));
            }
            CHECK(nemesis->exact(again, same) == same);
        }
    }
}

TEST_CASE("a partition is one call for all hosts, and the hosts that only lose packets get none") {
    SimTarget target(3);
    const auto partition = make("partition");
    FaultSpec spec = isolate_n1;
    spec.params = {{"shape", "one-way"}, {"direction", "in"}};
    const Fault fault = resolved(*partition, spec, target.view());
    REQUIRE(partition->inject(fault, target).ok());
    REQUIRE(target.transcript().size() == 2);
    CHECK(target.transcript()[0] == "n1: apply_rules");
}

TEST_CASE("packets counted by the fault's own rules prove a partition, none does not") {
    SimTarget target(3);
    const auto partition = make("partition");
    const Fault fault = resolved(*partition, isolate_n1, target.view());
    const auto evidence_with = [&](int n1, int n2, int n3) {
        target.host("n1").answer_rules(listing("fault_4", n1));
        target.host("n2").answer_rules(listing("fault_4", n2));
        target.host("n3").answer_rules(listing("fault_4", n3));
        return partition->probe(fault, target, EvidencePhase::during);
    };
    const auto counted = evidence_with(0, 17, 0);
    REQUIRE(counted.size() == 3);
    CHECK(counted[1] ==
          Evidence{EvidencePhase::during, 1, "packets_dropped", std::int64_t{17}, true});
    CHECK_FALSE(counted[0].proves);
    CHECK(recorded(counted).effective());
    CHECK_FALSE(recorded(evidence_with(0, 0, 0)).effective());
}

TEST_CASE("counters of another fault prove nothing") {
    SimTarget target(3);
    const auto partition = make("partition");
    const Fault fault = resolved(*partition, isolate_n1, target.view());
    for (const char* host : {"n1", "n2", "n3"})
        target.host(host).answer_rules(listing("fault_5", 100));
    CHECK_FALSE(recorded(partition->probe(fault, target, EvidencePhase::during)).effective());
}

TEST_CASE("a partition is healed when its chain is gone on every host, not before") {
    SimTarget target(3);
    const auto partition = make("partition");
    const Fault fault = resolved(*partition, isolate_n1, target.view());
    const auto healed_with = [&](const std::string& left_on_n3) {
        target.host("n1").answer_rules(listing("fault_5", 0));
        target.host("n2").answer_rules(listing("fault_5", 0));
        target.host("n3").answer_rules(listing(left_on_n3, 0));
        return recorded(partition->probe(fault, target, EvidencePhase::after)).healed();
    };
    CHECK(healed_with("fault_5"));
    CHECK_FALSE(healed_with("fault_4"));
}

TEST_CASE("a probe that fails proves neither effect nor healing, and says why") {
    SimTarget target(3);
    const auto partition = make("partition");
    const Fault fault = resolved(*partition, isolate_n1, target.view());
    for (const auto phase : {EvidencePhase::during, EvidencePhase::after}) {
        target.host("n2").answer_rules(lab_error("no such chain"));
        const auto evidence = partition->probe(fault, target, phase);
        REQUIRE(evidence.size() == 1);
        CHECK(evidence[0].name == "probe_failed");
        CHECK(evidence[0].value.text()->find("no such chain") != std::string::npos);
        CHECK_FALSE(recorded(evidence).effective());
        CHECK_FALSE(recorded(evidence).healed());
    }
    const auto garbled = partition->probe(fault, target, EvidencePhase::after);
    CHECK_FALSE(recorded(garbled).healed());
}

TEST_CASE("what a client host dropped is evidence under its name") {
    SimTarget target(3);
    const auto partition = make("partition");
    FaultSpec spec = isolate_n1;
    spec.target = "n2";
    spec.params = {{"shape", "client"}, {"direction", "replies"}};
    const Fault fault = resolved(*partition, spec, target.view());
    CHECK(fault.targets == std::vector<NodeId>{1});
    target.host("c2").answer_rules(listing("fault_4", 2));
    const auto evidence = partition->probe(fault, target, EvidencePhase::during);
    REQUIRE(evidence.size() == 1);
    CHECK(evidence[0].name == "packets_dropped_c2");
    CHECK(evidence[0].node == no_node);
    CHECK(evidence[0].proves);
}

TEST_CASE("healing a partition needs its undo alone") {
    SimTarget target(3);
    const auto partition = make("partition");
    const Fault fault = resolved(*partition, isolate_n1, target.view());
    const Fault row = {.id = 99, .undo = fault.undo};
    REQUIRE(partition->heal(row, target).ok());
    const std::string text = target.take_transcript();
    for (const char* host : {"n1: ", "n2: ", "n3: "})
        CHECK(text.find(host) != std::string::npos);
    CHECK(text.find("delete chain inet faultlab fault_4") != std::string::npos);
}

TEST_CASE("rules that cannot be applied are an error of the injection") {
    SimTarget target(3);
    const auto partition = make("partition");
    const Fault fault = resolved(*partition, isolate_n1, target.view());
    target.host("n2").answer_rules(lab_error("permission denied"));
    const auto injected = partition->inject(fault, target);
    REQUIRE_FALSE(injected.ok());
    CHECK(injected.error().message.find("n2") != std::string::npos);
}

TEST_CASE("a row whose addresses are unreadable is an error, not a wrong rule") {
    SimTarget target(3);
    const auto partition = make("partition");
    Fault fault = resolved(*partition, isolate_n1, target.view());
    fault.params["addresses"] = Value(Value::List{"n1"});
    CHECK_FALSE(partition->inject(fault, target).ok());
    fault.params.erase("addresses");
    CHECK_FALSE(partition->inject(fault, target).ok());
    CHECK(target.transcript().empty());
}

TEST_CASE("kill: proven by processes that are gone, healed by running ones") {
    SimTarget target(3);
    const auto kill = make("kill");
    const Fault fault =
        resolved(*kill, {.id = 1, .nemesis = "kill", .target = "n1,n3"}, target.view());
    CHECK(fault.summary == "n1 n3 killed (n1,n3)");
    CHECK_FALSE(recorded(kill->probe(fault, target, EvidencePhase::during)).effective());
    REQUIRE(kill->inject(fault, target).ok());
    const auto during = kill->probe(fault, target, EvidencePhase::during);
    REQUIRE(during.size() == 2);
    CHECK(during[1] == Evidence{EvidencePhase::during, 2, "process_state", "gone", true});
    CHECK_FALSE(recorded(kill->probe(fault, target, EvidencePhase::after)).healed());
    REQUIRE(kill->heal({.undo = fault.undo}, target).ok());
    CHECK(recorded(kill->probe(fault, target, EvidencePhase::after)).healed());
    CHECK(*target.node_state(0) == ProcessState::running);
}

TEST_CASE("pause: proven by processes that stopped, healed by running ones") {
    SimTarget target(3);
    const auto pause = make("pause");
    const Fault fault =
        resolved(*pause, {.id = 1, .nemesis = "pause", .target = "leader"}, target.view());
    CHECK(fault.summary == "n1 paused (leader)");
    REQUIRE(pause->inject(fault, target).ok());
    CHECK(*target.node_state(0) == ProcessState::stopped);
    CHECK(*target.node_state(1) == ProcessState::running);
    CHECK(recorded(pause->probe(fault, target, EvidencePhase::during)).effective());
    CHECK_FALSE(recorded(pause->probe(fault, target, EvidencePhase::after)).healed());
    REQUIRE(pause->heal({.undo = fault.undo}, target).ok());
    CHECK(recorded(pause->probe(fault, target, EvidencePhase::after)).healed());
    REQUIRE(pause->heal({.undo = fault.undo}, target).ok());
}

TEST_CASE("a kill that does not kill and a pause that does not stop are errors and not effective") {
    for (const char* name : {"kill", "pause"}) {
        SimTarget target(3);
        target.make_immortal(1);
        const auto nemesis = make(name);
        const Fault fault =
            resolved(*nemesis, {.id = 1, .nemesis = name, .target = "n2"}, target.view());
        const auto injected = nemesis->inject(fault, target);
        REQUIRE_FALSE(injected.ok());
        CHECK(injected.error().message.find("n2") != std::string::npos);
        CHECK(injected.error().message.find("running") != std::string::npos);
        CHECK_FALSE(recorded(nemesis->probe(fault, target, EvidencePhase::during)).effective());
    }
}

TEST_CASE("a replica that died by itself was not killed") {
    SimTarget target(3);
    const auto kill = make("kill");
    const Fault fault =
        resolved(*kill, {.id = 1, .nemesis = "kill", .target = "n1,n2"}, target.view());
    REQUIRE(target.kill_node(1).ok());
    (void)target.take_transcript();
    const auto injected = kill->inject(fault, target);
    REQUIRE_FALSE(injected.ok());
    CHECK(injected.error().message.find("n2 ended before the kill") != std::string::npos);
    CHECK(target.transcript().empty());
}

TEST_CASE("a replica that died while paused is left as it is, and not paused any more") {
    SimTarget target(3);
    const auto pause = make("pause");
    const Fault fault =
        resolved(*pause, {.id = 1, .nemesis = "pause", .target = "n2"}, target.view());
    REQUIRE(pause->inject(fault, target).ok());
    REQUIRE(target.kill_node(1).ok());
    (void)target.take_transcript();
    REQUIRE(pause->heal(fault, target).ok());
    CHECK(target.transcript().empty());
    CHECK(recorded(pause->probe(fault, target, EvidencePhase::after)).healed());
}

TEST_CASE("replicas that do not run are left out, and without any left there is no fault") {
    SimTarget target(3);
    REQUIRE(target.kill_node(1).ok());
    for (const char* name : {"kill", "pause"}) {
        const auto nemesis = make(name);
        const Fault all =
            resolved(*nemesis, {.id = 1, .nemesis = name, .target = "all"}, target.view());
        CHECK(all.targets == std::vector<NodeId>{0, 2});
        const auto none = nemesis->resolve({.nemesis = name, .target = "n2"}, target.view());
        REQUIRE_FALSE(none.ok());
        CHECK(none.error().kind == ErrorKind::lab);
        CHECK(none.error().message.find("nothing runs on n2") != std::string::npos);
    }
}

TEST_CASE("the heal starts what the kill has ended, not what was down before") {
    SimTarget target(3);
    REQUIRE(target.kill_node(1).ok());
    const auto kill = make("kill");
    const Fault all = resolved(*kill, {.id = 1, .nemesis = "kill", .target = "all"}, target.view());
    REQUIRE(kill->inject(all, target).ok());
    REQUIRE(kill->heal(all, target).ok());
    CHECK(*target.node_state(0) == ProcessState::running);
    CHECK(*target.node_state(1) == ProcessState::gone);
    CHECK(*target.node_state(2) == ProcessState::running);
}
