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

/// The whole life of a fault on simulated hosts.
std::string transcript(const FaultSpec& spec) {
    SimTarget target(5);
    const auto nemesis = (*find_nemesis(spec.nemesis))->make();
    const ClusterView view = target.view();
    const auto fault = nemesis->resolve(spec, view);
    if (!fault) FAIL(fault.error().text());
    std::string text = fmt::format("# {}\n# hurts {}\nparams\n{}undo\n{}",
                                   fault->summary,
                                   names_text(fault->targets, view),
                                   params_text(fault->params),
                                   params_text(fault->undo));
    text += "\n# inject\n";
    CHECK(nemesis->inject(*fault, target).ok());
    text += target.take_transcript() + "\n# probe during\n";
    text += probe_text(*nemesis, *fault, target, EvidencePhase::during) + "\n# heal\n";
    CHECK(nemesis->heal(*fault, target).ok());
    text += target.take_transcript() + "\n# probe after\n";
    return text + probe_text(*nemesis, *fault, target, EvidencePhase::after);
}

void check_fault(const std::string& name, const FaultSpec& spec) {
    test::check_golden("nemesis/" + name + ".txt", transcript(spec));
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
