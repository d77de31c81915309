// Faults that end replicas and start them again while they last, on simulated hosts.
#include "core/record.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/lives.hpp"
#include "nemesis/parameters.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sim_host.hpp"

#include <algorithm>
#include <memory>
#include <set>

using namespace faultlab;

namespace {

std::unique_ptr<Nemesis> make(std::string_view name) {
    const auto entry = find_nemesis(name);
    REQUIRE(entry.ok());
    return (*entry)->make();
}

/// As a plan would have it that asks for "NAME:DETAIL".
Result<Fault> resolve(const std::string& name, const std::string& detail, SimTarget& target) {
    const auto nemesis = make(name);
    FaultSpec spec{.id = 7, .nemesis = name, .seed = 42};
    FAULTLAB_DO(read_detail(detail, nemesis->options(), name, spec));
    Rng rng(1);
    nemesis->draw(rng, 3, spec);
    FAULTLAB_TRY(Fault fault, nemesis->resolve(spec, target.view()));
    FAULTLAB_DO(nemesis->remember(fault, target));
    return fault;
}

std::string complaint(const std::string& name, const std::string& detail) {
    SimTarget target(3);
    const auto fault = resolve(name, detail, target);
    return fault ? "none" : fault.error().message;
}

bool effective(const std::string& name, const Fault& fault, SimTarget& target) {
    FaultRecord record;
    record.evidence = make(name)->probe(fault, target, EvidencePhase::during);
    return record.effective();
}

bool healed(const std::string& name, const Fault& fault, SimTarget& target) {
    FaultRecord record;
    record.evidence = make(name)->probe(fault, target, EvidencePhase::after);
    return record.healed();
}

} // namespace

TEST_CASE("a restart is proven by another process group, not by a replica that runs") {
    SimTarget target(3);
    const auto restart = make("restart");
    const auto fault = resolve("restart", "n2:signal=kill", target);
    REQUIRE(fault.ok());
    CHECK(fault->summary == "n2 killed and started again (n2)");
    CHECK_FALSE(effective("restart", *fault, target));
    REQUIRE(restart->inject(*fault, target).ok());
    CHECK(target.take_transcript() == "n2: kill the replica\nn2: start the replica\n");
    CHECK(effective("restart", *fault, target));
    CHECK(healed("restart", *fault, target));
}

TEST_CASE("a replica that does not stop when it is asked is killed") {
    SimTarget target(3);
    const auto fault = resolve("restart", "n2:signal=term", target);
    REQUIRE(fault.ok());
    CHECK(fault->summary == "n2 stopped and started again (n2)");
    target.make_immortal(1);
    REQUIRE(make("restart")->inject(*fault, target).ok());
    CHECK(target.take_transcript() ==
          "n2: stop the replica\nn2: kill the replica\nn2: start the replica\n");
    CHECK_FALSE(effective("restart", *fault, target));
}

TEST_CASE("a replica that died by itself was not restarted") {
    for (const char* name : {"restart", "crash-loop", "crash-at-start", "rolling-restart"}) {
        SimTarget target(3);
        const auto fault = resolve(name, "n1+n2", target);
        REQUIRE(fault.ok());
        REQUIRE(target.kill_node(1).ok());
        (void)target.take_transcript();
        const auto injected = make(name)->inject(*fault, target);
        REQUIRE_FALSE(injected.ok());
        CHECK(injected.error().message.find("n2 ended before") != std::string::npos);
        CHECK(target.transcript().empty());
    }
}

TEST_CASE("what is down after such a fault is started by its heal, from the undo alone") {
    for (const char* name : {"restart", "crash-loop", "crash-at-start", "rolling-restart"}) {
        SimTarget target(3);
        const auto fault = resolve(name, "n1+n2", target);
        REQUIRE(fault.ok());
        REQUIRE(target.kill_node(0).ok());
        CHECK_FALSE(healed(name, *fault, target));
        for (int i = 0; i < 2; ++i)
            REQUIRE(make(name)->heal({.id = 7, .undo = fault->undo}, target).ok());
        CHECK(healed(name, *fault, target));
        CHECK(target.node_starts(0) == 2);
        CHECK(target.node_starts(1) == 1);
    }
}

TEST_CASE("a crash loop has turns without an end, each within the jitter, and the same each time") {
    SimTarget target(3);
    const auto loop = make("crash-loop");
    const auto fault = resolve("crash-loop", "n3:after=200ms:jitter=25%", target);
    REQUIRE(fault.ok());
    std::set<Nanos> waits;
    for (std::int64_t turn = 1; turn <= 200; ++turn) {
        const auto wait = loop->turn_after(*fault, turn);
        REQUIRE(wait.has_value());
        CHECK(*wait >= 150 * millisecond);
        CHECK(*wait <= 250 * millisecond);
        CHECK(wait == loop->turn_after(*fault, turn));
        waits.insert(*wait);
    }
    CHECK(waits.size() > 150);
}

TEST_CASE("a crash loop is effective from its second crash on") {
    SimTarget target(3);
    const auto loop = make("crash-loop");
    const auto fault = resolve("crash-loop", "n3:after=200ms", target);
    REQUIRE(fault.ok());
    REQUIRE(loop->inject(*fault, target).ok());
    CHECK_FALSE(effective("crash-loop", *fault, target));
    REQUIRE(loop->take_turn(*fault, 1, target).ok());
    CHECK(effective("crash-loop", *fault, target));
    CHECK(target.node_starts(2) == 3);
    CHECK(target.node_starts(0) == 1);
}

TEST_CASE("crashes at start end after so many starts") {
    SimTarget target(3);
    const auto crash = make("crash-at-start");
    const auto fault = resolve("crash-at-start", "n1:after=20ms:times=2", target);
    REQUIRE(fault.ok());
    CHECK(fault->summary == "n1 killed, and 20ms after each of 2 starts (n1)");
    CHECK(crash->turn_after(*fault, 1) == 20 * millisecond);
    CHECK(crash->turn_after(*fault, 2) == 20 * millisecond);
    CHECK_FALSE(crash->turn_after(*fault, 3).has_value());
}

TEST_CASE("a rolling restart takes one replica a turn, each once, in an order of its own") {
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SimTarget target(3);
        const auto rolling = make("rolling-restart");
        FaultSpec spec{.id = 7, .nemesis = "rolling-restart", .target = "all", .seed = seed};
        REQUIRE(read_detail("all:pause=1s", rolling->options(), "rolling-restart", spec).ok());
        auto fault = rolling->resolve(spec, target.view());
        REQUIRE(fault.ok());
        REQUIRE(rolling->remember(*fault, target).ok());
        REQUIRE(rolling->inject(*fault, target).ok());
        for (std::int64_t turn = 1; rolling->turn_after(*fault, turn).has_value(); ++turn) {
            CHECK(rolling->turn_after(*fault, turn) == second);
            REQUIRE(rolling->take_turn(*fault, turn, target).ok());
        }
        for (NodeId node = 0; node < 3; ++node)
            CHECK(target.node_starts(node) == 2);
        CHECK(target.transcript().size() == 6);
        orders.insert(target.take_transcript());
    }
    CHECK(orders.size() == 6);
}

TEST_CASE("parameters that cannot be are refused by name") {
    CHECK(complaint("restart", "n1:signal=hup") == "signal cannot be 'hup'");
    CHECK(complaint("restart", "n1:limit=soon") == "limit cannot be 'soon'");
    CHECK(complaint("crash-loop", "n1:after=0") == "after cannot be '0'");
    CHECK(complaint("crash-loop", "n1:jitter=200%") == "jitter cannot be '200%'");
    CHECK(complaint("crash-at-start", "n1:times=0") == "times cannot be '0'");
    CHECK(complaint("rolling-restart", "all:pause=x") == "pause cannot be 'x'");
    CHECK(complaint("stutter", "n1:stop=100ms") ==
          "a stop of 100ms does not fit into a period of 100ms");
    CHECK(complaint("stutter", "n1:period=0") == "period cannot be '0'");
    CHECK(complaint("restart", "n1:sgnal=term").find("sgnal") != std::string::npos);
}

TEST_CASE("a stutter is proven by what its helper measured") {
    SimTarget target(3);
    const auto stutter = make("stutter");
    const auto fault = resolve("stutter", "n1", target);
    REQUIRE(fault.ok());
    const auto reports = [&](std::string report) {
        target.host("n1").answer("faultlab-node ask --directory /faults/n1 --name fault-7 report",
                                 {.out = std::move(report)});
        return effective("stutter", *fault, target);
    };
    CHECK(reports(R"({"cycles":4,"seen":4,"stopped_us":20400,"elapsed_us":400000})"));
    CHECK_FALSE(reports(R"({"cycles":4,"seen":0,"stopped_us":20400,"elapsed_us":400000})"));
    CHECK_FALSE(reports(R"({"cycles":4,"seen":4,"stopped_us":2040,"elapsed_us":400000})"));
    CHECK_FALSE(reports("{}"));
    CHECK_FALSE(reports("no helper"));
}

TEST_CASE("a stutter whose helper was killed is healed: the replica goes on") {
    SimTarget target(3);
    const auto stutter = make("stutter");
    const auto fault = resolve("stutter", "n1", target);
    REQUIRE(fault.ok());
    REQUIRE(target.signal_node(0, 19).ok());
    target.host("n1").answer("faultlab-node ask --directory /faults/n1 --name fault-7 --or gone",
                             {.out = "gone\n"});
    target.host("n1").answer("faultlab-node ask --directory /faults/n1 --name fault-7 --or no",
                             {.out = "no\n"});
    CHECK_FALSE(healed("stutter", *fault, target));
    REQUIRE(stutter->heal(*fault, target).ok());
    CHECK(*target.node_state(0) == ProcessState::running);
    CHECK(healed("stutter", *fault, target));
}
