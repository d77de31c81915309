#pragma once

#include "core/record.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/parameters.hpp"
#include "tests/integration/faults/plain_target.hpp"
#include "tests/unit/hosts/lab_support.hpp"

#include <memory>
#include <string>
#include <vector>

namespace faultlab::faults_test {

/// A fault "NAME:DETAIL" of the id 7, as a plan would have it, of a cluster in which every replica
/// runs.
struct FaultSite {
    PlainTarget target;
    std::unique_ptr<Nemesis> nemesis;
    Fault fault;
    const hosts_test::Findings& findings;

    FaultSite(Lab& lab,
              const hosts_test::Findings& told,
              const std::string& name,
              const std::string& detail,
              const std::vector<std::string>& replica = {"sleep", "1000"})
        : target(lab, replica), nemesis((*find_nemesis(name))->make()), findings(told) {
        for (NodeId node = 0; node < lab.nodes(); ++node)
            findings.expect_ok(target.start_node(node), "start");
        FaultSpec spec{.id = 7, .nemesis = name, .seed = 42};
        findings.expect_ok(read_detail(detail, nemesis->options(), name, spec), "detail");
        Rng rng(1);
        nemesis->draw(rng, lab.nodes(), spec);
        auto resolved = nemesis->resolve(spec, target.view());
        findings.expect_ok(resolved, "resolve");
        if (resolved) fault = *resolved;
        findings.expect_ok(nemesis->remember(fault, target), "remember");
    }
    [[nodiscard]] FaultRecord probed(EvidencePhase phase) {
        FaultRecord record;
        record.evidence = nemesis->probe(fault, target, phase);
        return record;
    }
    [[nodiscard]] bool effective() { return probed(EvidencePhase::during).effective(); }
    [[nodiscard]] bool healed() { return probed(EvidencePhase::after).healed(); }
    [[nodiscard]] std::int64_t group(NodeId node) { return target.node_groups(node).back().id; }
    void inject() { findings.expect_ok(nemesis->inject(fault, target), "inject"); }
    void turn(std::int64_t number) {
        findings.expect_ok(nemesis->take_turn(fault, number, target), "turn");
    }
    void heal() { findings.expect_ok(nemesis->heal(fault, target), "heal"); }
};

} // namespace faultlab::faults_test
