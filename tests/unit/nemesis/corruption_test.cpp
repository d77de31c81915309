// The fault corrupt-file, on simulated hosts: its parameters, and what it makes of what it is told.
#include "core/record.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/corruption.hpp"
#include "nemesis/parameters.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sim_host.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>

using namespace faultlab;

namespace {

const std::unique_ptr<Nemesis> corrupt = make_corrupt_file();

Result<Fault> resolve(const std::string& detail, SimTarget& target, std::uint64_t seed = 42) {
    FaultSpec spec{.id = 7, .nemesis = "corrupt-file", .seed = seed};
    FAULTLAB_DO(read_detail(detail, corrupt->options(), "corrupt-file", spec));
    Rng rng(seed);
    corrupt->draw(rng, 5, spec);
    return corrupt->resolve(spec, target.view());
}

std::string complaint(const std::string& detail) {
    SimTarget target(5);
    const auto fault = resolve(detail, target);
    return fault ? "none" : fault.error().message;
}

std::string argument(const std::vector<std::string>& arguments, const std::string& name) {
    const auto at = std::ranges::find(arguments, name);
    return at == arguments.end() ? "" : *std::next(at);
}

/// The evidence of this name, when the host's tool says this.
Evidence evidence(const std::string& said,
                  const std::string& name,
                  EvidencePhase phase,
                  const std::string& detail = "n2:how=bitflip:while=stopped",
                  bool gone = false) {
    SimTarget target(5);
    const auto fault = resolve(detail, target);
    REQUIRE(fault.ok());
    target.host("n2").answer("faultlab-node corrupt look", {.out = said});
    if (gone) REQUIRE(target.kill_node(1).ok());
    for (const Evidence& one : corrupt->probe(*fault, target, phase)) {
        if (one.name == name) return one;
    }
    return {};
}

std::string damage(const std::string& said,
                   const std::string& detail = "n2:how=bitflip:while=stopped",
                   bool gone = false) {
    const Evidence found = evidence(said, "damage", EvidencePhase::after, detail, gone);
    return found.value.text() == nullptr ? "" : *found.value.text();
}

} // namespace

TEST_CASE("a plan corrupts no more than a minority") {
    SimTarget target(5);
    std::set<std::string> hows;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto fault = resolve("", target, seed);
        REQUIRE(fault.ok());
        CHECK(fault->targets.size() == 2);
        hows.insert(text_of(fault->params, "how"));
    }
    CHECK(hows == std::set<std::string>{"bitflip", "copy", "truncate", "restore"});
}

TEST_CASE("disjoint stripes give each target another remainder of as many as there are targets") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SimTarget target(5);
        const auto fault = resolve("all:how=copy:stripes=disjoint:chunk=64KiB", target, seed);
        REQUIRE(fault.ok());
        std::set<std::string> indexes;
        std::set<std::string> seeds;
        for (std::size_t i = 0; i < 5; ++i) {
            const auto arguments =
                corrupt_arguments(*fault, i, "change", target.node_host(fault->targets[i]));
            CHECK(argument(arguments, "--modulus") == "5");
            CHECK(argument(arguments, "--chunk") == "65536");
            indexes.insert(argument(arguments, "--index"));
            seeds.insert(argument(arguments, "--seed"));
        }
        CHECK(indexes == std::set<std::string>{"0", "1", "2", "3", "4"});
        CHECK(seeds.size() == 5);
    }
}

TEST_CASE("a stopped replica is killed, corrupted and started, a running one left alone") {
    SimTarget target(5);
    REQUIRE(corrupt->inject(*resolve("n2:how=bitflip:while=stopped", target), target).ok());
    std::string text = target.take_transcript();
    CHECK(text.starts_with("n2: kill the replica\nn2: run faultlab-node corrupt change"));
    CHECK(text.ends_with("n2: start the replica\n"));
    REQUIRE(corrupt->inject(*resolve("n2:how=bitflip:while=running", target), target).ok());
    text = target.take_transcript();
    CHECK(text.starts_with("n2: run faultlab-node corrupt change"));
    CHECK(text.find("start the replica") == std::string::npos);
}

TEST_CASE("a replica whose files could not be changed is started, and the error told") {
    SimTarget target(5);
    target.host("n2").answer("faultlab-node corrupt",
                             {.exit_status = 70, .err = "no file matches"});
    const auto injected =
        corrupt->inject(*resolve("n2+n3:how=bitflip:while=stopped", target), target);
    REQUIRE_FALSE(injected.ok());
    CHECK(injected.error().message.find("no file matches") != std::string::npos);
    CHECK(*target.node_state(1) == ProcessState::running);
    CHECK(target.take_transcript().find("n3: run faultlab-node corrupt") != std::string::npos);
}

TEST_CASE("what became of the damage is told in words, with what they rest on") {
    const std::string left = R"("changes":2,"bytes":2,"as_left":2,"complaint":"")";
    CHECK(damage("{" + left + "}") ==
          "masked, or never read: 2 of 2 changes are as they were left");
    CHECK(damage("{" + left + "}", "n2:how=bitflip:while=running") ==
          "never read, or masked: 2 of 2 changes are as they were left");
    CHECK(damage("{" + left + "}", "n2:how=bitflip:while=stopped", true) ==
          "detected, or not survived: the replica does not run");
    CHECK(damage(R"({"changes":2,"bytes":2,"as_left":0,"as_before":2,"complaint":""})") ==
          "mended: all bytes are again what they were");
    CHECK(damage(R"({"changes":2,"bytes":2,"as_left":0,"as_before":1,"complaint":""})") ==
          "mended or overwritten: none of it is left");
    CHECK(damage(R"({"changes":2,"bytes":2,"as_left":0,"complaint":"panic: crc mismatch"})") ==
          "detected: panic: crc mismatch");
}

TEST_CASE(
    "bytes that were changed prove the fault; that it cannot be undone does not deny its end") {
    const std::string some = R"({"changes":1,"bytes":5,"as_left":1,"complaint":""})";
    CHECK(evidence(some, "bytes_changed", EvidencePhase::during).proves);
    const std::string none = R"({"changes":0,"bytes":0,"as_left":0,"complaint":""})";
    CHECK_FALSE(evidence(none, "bytes_changed", EvidencePhase::during).proves);
    CHECK(evidence(some, "damage", EvidencePhase::after).proves);
    CHECK_FALSE(evidence(some, "damage", EvidencePhase::during).proves);
    CHECK_FALSE(evidence("", "probe_failed", EvidencePhase::after).proves);
}

TEST_CASE("parameters of a corruption that cannot be are refused by name") {
    CHECK(complaint("n1:how=burn") == "how cannot be 'burn'");
    CHECK(complaint("n1:while=asleep") == "while cannot be 'asleep'");
    CHECK(complaint("n1:stripes=x") == "stripes cannot be 'x'");
    CHECK(complaint("n1:files=") == "files cannot be ''");
    CHECK(complaint("n1:start=x") == "start cannot be 'x'");
    CHECK(complaint("n1:start=64KiB:end=4KiB") == "end cannot be '4KiB'");
    CHECK(complaint("n1:chunk=0") == "chunk cannot be '0'");
    CHECK(complaint("n1:modulus=3:index=3") == "index cannot be '3'");
    CHECK(complaint("n1:flips=0") == "flips cannot be '0'");
    CHECK(complaint("n1:probability=101%") == "probability cannot be '101%'");
    CHECK(complaint("n1:drop=0") == "drop cannot be '0'");
    CHECK(complaint("n1:after=0") == "after cannot be '0'");
    CHECK(complaint("n1:start=4KiB:end=64KiB:modulus=3:index=2") == "none");
}
