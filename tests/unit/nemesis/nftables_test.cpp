// Partitions on real network namespaces and real nftables rules: the drops bite, are counted, and
// are gone after the heal.
#include "core/record.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/grudge.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/nemesis/namespace_lab.hpp"

#include <fmt/format.h>

#include <functional>
#include <stdexcept>

using namespace faultlab;

namespace {

/// Throws what went wrong: a scenario runs where Catch cannot see it.
template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    return std::move(result).value();
}
void must(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().text());
}

/// Whether exactly the packets that the grudge forbids are lost, over all pairs of these hosts.
std::string
compare_with(NamespaceLab& lab, const Grudge& grudge, const std::vector<std::string>& hosts) {
    for (const std::string& from : hosts) {
        for (const std::string& to : hosts) {
            if (from == to) continue;
            const bool expected = hears(grudge, to, from);
            if (must(lab.arrives(from, to)) != expected) {
                return fmt::format("{} to {}: {}", from, to, expected ? "was lost" : "arrived");
            }
        }
    }
    return {};
}

FaultRecord recorded(const std::vector<Evidence>& evidence) {
    FaultRecord record;
    record.evidence = evidence;
    return record;
}

/// The whole life of a partition: everything arrives, then what the grudge allows, then everything.
std::string live_through(NamespaceLab& lab, const FaultSpec& spec, const Grudge& expected) {
    const auto nemesis = must(find_nemesis("partition"))->make();
    const std::vector<std::string> hosts = {"n1", "n2", "n3", "c1", "c2"};
    const Fault fault = must(nemesis->resolve(spec, lab.view()));
    if (auto wrong = compare_with(lab, {}, hosts); !wrong.empty()) return "before, " + wrong;
    must(nemesis->inject(fault, lab));
    if (recorded(nemesis->probe(fault, lab, EvidencePhase::during)).effective()) {
        return "effective before any packet was sent";
    }
    if (auto wrong = compare_with(lab, expected, hosts); !wrong.empty()) return "during, " + wrong;
    const auto during = nemesis->probe(fault, lab, EvidencePhase::during);
    if (during.size() != expected.size()) return "evidence of the wrong number of hosts";
    for (const Evidence& evidence : during) {
        if (!evidence.proves) return evidence.name + " does not prove the effect";
    }
    if (recorded(nemesis->probe(fault, lab, EvidencePhase::after)).healed()) {
        return "healed before the heal";
    }
    must(nemesis->heal(fault, lab));
    if (!recorded(nemesis->probe(fault, lab, EvidencePhase::after)).healed()) return "not healed";
    if (auto wrong = compare_with(lab, {}, hosts); !wrong.empty()) return "after, " + wrong;
    must(nemesis->heal(fault, lab)); // a second heal is no error
    return {};
}

void check_in_namespaces(const std::function<std::string(NamespaceLab&)>& scenario) {
    std::string skipped;
    const std::string wrong = in_namespaces(3, scenario, skipped);
    if (!skipped.empty()) WARN("skipped, no namespaces here: " << skipped);
    CHECK(wrong.empty());
    if (!wrong.empty()) FAIL(wrong);
}

FaultSpec explicit_cut(const std::string& grudge, FaultId id = 7) {
    return {
        .id = id, .nemesis = "partition", .params = {{"shape", "explicit"}, {"grudge", grudge}}};
}

} // namespace

TEST_CASE("a partition in both directions drops exactly what it should, until it is healed") {
    check_in_namespaces([](NamespaceLab& lab) {
        return live_through(
            lab, explicit_cut("n1|n2,n3"), {{"n1", {"n2", "n3"}}, {"n2", {"n1"}}, {"n3", {"n1"}}});
    });
}

TEST_CASE("a partition in one direction leaves the other open") {
    check_in_namespaces([](NamespaceLab& lab) {
        const FaultSpec spec{.id = 8,
                             .nemesis = "partition",
                             .target = "n1",
                             .params = {{"shape", "one-way"}, {"direction", "out"}}};
        return live_through(lab, spec, {{"n2", {"n1"}}, {"n3", {"n1"}}});
    });
}

TEST_CASE("a client that is cut off reaches no node, and the others reach all") {
    check_in_namespaces([](NamespaceLab& lab) {
        const FaultSpec spec{.id = 9,
                             .nemesis = "partition",
                             .target = "n2",
                             .params = {{"shape", "client"}, {"direction", "both"}}};
        return live_through(
            lab,
            spec,
            {{"n1", {"c2"}}, {"n2", {"c2"}}, {"n3", {"c2"}}, {"c2", {"n1", "n2", "n3"}}});
    });
}

TEST_CASE("healing one partition leaves another one, and rules of others, as they are") {
    check_in_namespaces([](NamespaceLab& lab) -> std::string {
        const std::string theirs = "add table inet theirs\n"
                                   "add chain inet theirs fault_1 { type filter hook input "
                                   "priority 0; policy accept; }\n"
                                   "add rule inet theirs fault_1 udp dport 9 counter drop\n";
        (void)must(lab.nft("n1", theirs));
        const auto nemesis = must(find_nemesis("partition"))->make();
        const Fault first = must(nemesis->resolve(explicit_cut("n1|n2", 1), lab.view()));
        const Fault second = must(nemesis->resolve(explicit_cut("n1|n3", 2), lab.view()));
        must(nemesis->inject(first, lab));
        must(nemesis->inject(second, lab));
        must(nemesis->inject(second, lab)); // twice is as once
        must(nemesis->heal(first, lab));
        const Grudge left = {{"n1", {"n3"}}, {"n3", {"n1"}}};
        if (auto wrong = compare_with(lab, left, {"n1", "n2", "n3"}); !wrong.empty()) return wrong;
        const std::string rules = must(lab.nft("n1", "list ruleset\n"));
        if (rules.find("theirs") == std::string::npos) return "their table is gone";
        if (rules.find("fault_2") == std::string::npos) return "the other fault is gone";
        must(nemesis->heal(second, lab));
        return compare_with(lab, {}, {"n1", "n2", "n3"});
    });
}
