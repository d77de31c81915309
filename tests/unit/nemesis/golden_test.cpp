// What each fault does to which host, compared with tests/golden/nemesis: one file a fault and
// shape, on five nodes, with everything that a plan leaves open drawn from one seed.
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "nemesis/shapes.hpp"
#include "nemesis/targets.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/sim_host.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>
#include <vector>

using namespace faultlab;

namespace {

std::string params_text(const Params& params) {
    std::string text;
    for (const auto& [name, value] : params)
        text += fmt::format("    {}: {}\n", name, to_json(value));
    return text;
}

/// What a probe asks, and what it makes of the answers. The simulated hosts list no rules, so that
/// a partition has no evidence here.
std::string
probe_text(const Nemesis& nemesis, const Fault& fault, SimTarget& target, EvidencePhase phase) {
    std::string evidence;
    for (const Evidence& item : nemesis.probe(fault, target, phase)) {
        if (item.name == "probe_failed") continue;
        evidence += fmt::format("n{}: {} = {}{}\n",
                                item.node + 1,
                                item.name,
                                to_json(item.value),
                                item.proves ? ", which proves it" : "");
    }
    return target.take_transcript() + evidence;
}

/// The first three turns of a fault that goes on acting.
std::string turns_text(const Nemesis& nemesis, const Fault& fault, SimTarget& target) {
    std::string text;
    for (std::int64_t turn = 1; turn <= 3; ++turn) {
        const auto after = nemesis.turn_after(fault, turn);
        if (!after) break;
        text += fmt::format("\n# turn {}, after {} ms\n", turn, *after / millisecond);
        CHECK(nemesis.take_turn(fault, turn, target).ok());
        text += target.take_transcript();
    }
    return text;
}

/// The whole life of a fault on simulated hosts, which `prepare` tells what to answer.
std::string transcript(const FaultSpec& spec, const std::function<void(SimTarget&)>& prepare = {}) {
    SimTarget target(5);
    for (const std::string& name : default_node_names(5)) {
        target.host(name).answer(
            "faultlab-node corrupt look",
            {.out = R"({"changes":1,"bytes":1,"as_left":1,"places":"log at 7"})"});
    }
    if (prepare) prepare(target);
    const auto nemesis = (*find_nemesis(spec.nemesis))->make();
    const ClusterView view = target.view();
    auto fault = nemesis->resolve(spec, view);
    if (!fault) FAIL(fault.error().text());
    CHECK(nemesis->remember(*fault, target).ok());
    std::string text = fmt::format("# {}\n# hurts {}\nparams\n{}undo\n{}",
                                   fault->summary,
                                   names_text(fault->targets, view),
                                   params_text(fault->params),
                                   params_text(fault->undo));
    text += "\n# inject\n";
    CHECK(nemesis->inject(*fault, target).ok());
    text += target.take_transcript();
    text += turns_text(*nemesis, *fault, target);
    text += "\n# probe during\n";
    text += probe_text(*nemesis, *fault, target, EvidencePhase::during) + "\n# heal\n";
    CHECK(nemesis->heal(*fault, target).ok());
    text += target.take_transcript() + "\n# probe after\n";
    return text + probe_text(*nemesis, *fault, target, EvidencePhase::after);
}

void check_fault(const std::string& name, const FaultSpec& spec) {
    test::check_golden("nemesis/" + name + ".txt", transcript(spec));
}

/// "delay:n2:delay=50ms" as a user writes it, what is left open drawn.
FaultSpec asked_for(const std::string& text) {
    const auto colon = text.find(':');
    FaultSpec spec{.id = 7, .nemesis = text.substr(0, colon), .seed = 42};
    const auto nemesis = (*find_nemesis(spec.nemesis))->make();
    const auto read = read_detail(text.substr(colon + 1), nemesis->options(), spec.nemesis, spec);
    if (!read) FAIL(read.error().text());
    Rng rng(42);
    nemesis->draw(rng, 5, spec);
    return spec;
}

/// The beginning of every question to the fault's helper on this host.
std::string question(const std::string& host) {
    return "faultlab-node ask --directory /faults/" + host + " --name fault-7 ";
}

/// Hosts where helpers do it, and where heal finds what there is to take away.
void has_helpers(SimTarget& target) {
    for (const std::string host : {"n1", "n2", "n3", "n4", "n5"}) {
        SimHost& sim = target.host(host);
        sim.answer("env XTABLES_LOCKFILE=/faults/" + host + "/xtables.lock iptables-save",
                   {.out = "*mangle\n:PREROUTING ACCEPT [0:0]\n:fl-f7 - [0:0]\n"
                           "-A PREROUTING -j fl-f7\nCOMMIT\n"});
        sim.answer(question(host) + "report",
                   {.out = "{\"delayed\":9,\"lost\":2,\"duplicated\":0,"
                           "\"delay_us\":{\"p50\":50111},\"connections\":3}\n"});
        sim.answer(question(host) + "--or gone stop", {.out = "gone\n"});
        sim.answer(question(host) + "--or no runs", {.out = "no\n"});
        sim.answer("faultlab-node ping",
                   {.out = "[{\"sent\":20,\"received\":19,\"duplicates\":1,\"reordered\":0,"
                           "\"corrupted\":0,\"rtt_us\":{\"p50\":100123}}]\n"});
    }
}

/// Kernels with netem.
void has_netem(SimTarget& target) {
    const char* const counted = "qdisc prio 7007: root refcnt 2 bands 2\n"
                                " Sent 700 bytes 10 pkt (dropped 2, overlimits 0 requeues 0)\n"
                                "qdisc netem 8001: parent 7007:2 limit 100000\n"
                                " Sent 700 bytes 7 pkt (dropped 2, overlimits 0 requeues 0)\n";
    for (const std::string host : {"n1", "n2", "n3", "n4", "n5", "c1"}) {
        SimHost& sim = target.host(host);
        sim.answer("faultlab-node can netem", {.out = "yes\n"});
        sim.answer("tc qdisc show", {.out = "qdisc prio 7007: root refcnt 2 bands 2\n"});
        sim.answer("tc -s qdisc show", {.out = counted});
        sim.answer(question(host) + "--or gone stop", {.out = "gone\n"});
        sim.answer(question(host) + "--or no runs", {.out = "no\n"});
    }
}

FaultSpec partition(std::string_view shape, Params more = {}) {
    more["shape"] = shape;
    return {.id = 7, .nemesis = "partition", .params = std::move(more), .seed = 42};
}

} // namespace

TEST_CASE("every shape of a partition does to the hosts what its golden file says") {
    for (const PartitionShape& shape : partition_shapes()) {
        if (shape.name == "isolate" || shape.name == "explicit") continue; // they need more
        check_fault(fmt::format("partition-{}", shape.name), partition(shape.name));
    }
}

TEST_CASE("each direction does to the hosts what its golden file says") {
    for (const char* direction : {"in", "out"}) {
        FaultSpec spec = partition("one-way", {{"direction", direction}});
        spec.target = "n2";
        check_fault(fmt::format("partition-one-way-{}", direction), spec);
    }
    for (const char* direction : {"both", "requests", "replies"}) {
        FaultSpec spec = partition("client", {{"direction", direction}});
        spec.target = "n2";
        check_fault(fmt::format("partition-client-{}", direction), spec);
    }
}

TEST_CASE("cuts given by hand do to the hosts what their golden files say") {
    FaultSpec isolate = partition("isolate");
    isolate.target = "n1,n4";
    check_fault("partition-isolate", isolate);
    check_fault("partition-explicit", partition("explicit", {{"grudge", "n1,n2|n3|c4"}}));
}

TEST_CASE("kill and pause do to the hosts what their golden files say") {
    for (const char* nemesis : {"kill", "pause"}) {
        for (const char* target : {"leader", "majority", "n2,n5"}) {
            const bool list = target[0] == 'n';
            check_fault(fmt::format("{}-{}", nemesis, list ? "list" : target),
                        {.id = 7, .nemesis = nemesis, .target = target, .seed = 42});
        }
    }
}

TEST_CASE("faults of resources do to the hosts what their golden files say") {
    for (const char* nemesis :
         {"contention", "cpu", "descriptors", "io", "memory", "neighbour", "threads"}) {
        FaultSpec spec{.id = 7, .nemesis = nemesis, .seed = 42};
        REQUIRE(
            read_detail("n2,n5", (*find_nemesis(nemesis))->make()->options(), nemesis, spec).ok());
        check_fault(nemesis, spec);
    }
}

TEST_CASE("packet faults do to the hosts what their golden files say") {
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"delay", "delay:leader:delay=50ms:jitter=5ms"},
        {"delay-in", "delay:n2:delay=50ms:jitter=5ms:distribution=pareto:direction=in:peers=n1+n3"},
        {"loss", "loss:n2:loss=20%:correlation=25%:direction=in:peers=n1"},
        {"loss-burst", "loss:n2:burst-start=1%:direction=out:peers=n1"},
        {"duplicate", "duplicate:n2:duplicate=5%:peers=n1"},
        {"reorder", "reorder:n2:reorder=5%:by=20ms:peers=n1"},
        {"corrupt", "corrupt:n2:corrupt=1%:checksum=fixed:peers=n1"},
        {"rate", "rate:n2:rate=1mbit:direction=in:peers=n1"},
        {"reset", "reset:n2:every=500ms:peers=n1+c2"},
        {"packets",
         "packets:n2:delay=5ms:loss=1%:duplicate=1%:reorder=1%:corrupt=1%:rate=10mbit:"
         "direction=in:peers=n1"},
    };
    for (const auto& [name, text] : faults) {
        test::check_golden("nemesis/" + name + ".txt", transcript(asked_for(text), has_helpers));
    }
}

TEST_CASE("packet faults use netem where every kernel has it, as their golden files say") {
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"netem-delay", "delay:n2:delay=50ms:jitter=5ms:order=free"},
        {"netem-loss-clients", "loss:n2:loss=20%:peers=c1"},
        {"netem-rate", "rate:n2:rate=1mbit:direction=out:mechanism=netem"},
    };
    for (const auto& [name, text] : faults)
        test::check_golden("nemesis/" + name + ".txt", transcript(asked_for(text), has_netem));
}

TEST_CASE("faults of replicas' lives do to the hosts what their golden files say") {
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"restart", "majority:signal=kill"},
        {"restart", "n2:signal=term"},
        {"crash-loop", "leader:after=200ms"},
        {"crash-at-start", "one:after=20ms:times=2"},
        {"rolling-restart", "all"},
        {"stutter", "n2+n5"},
        {"corrupt-file", "n2:how=bitflip:while=stopped:drop=1"},
        {"corrupt-file", "n2+n5:how=copy:while=running:stripes=disjoint:drop=1"},
        {"corrupt-file", "n2:how=restore:while=stopped:probability=50%:drop=1"}};
    for (const auto& [name, detail] : faults) {
        FaultSpec spec{.id = 7, .nemesis = name, .seed = 42};
        const auto nemesis = (*find_nemesis(name))->make();
        REQUIRE(read_detail(detail, nemesis->options(), name, spec).ok());
        std::string variant = text_of(spec.params, "how");
        if (name == "restart") variant = text_of(spec.params, "signal");
        check_fault(variant.empty() ? name : name + "-" + variant, spec);
    }
}
