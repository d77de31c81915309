// Faults of resources: that they bite, end, end twice, and leave nothing behind.
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "tests/integration/faults/plain_target.hpp"
#include "tests/unit/hosts/lab_support.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace faultlab;
using namespace faultlab::faults_test;
using namespace faultlab::hosts_test;

namespace {

const std::vector<std::string> computes = {"sh", "-c", "while :; do :; done"};
/// Its pages of a file are counted too: it comes to every limit.
const std::vector<std::string> writes = {
    "sh", "-c", "while :; do dd if=/dev/zero of=data bs=1M count=64 conv=fsync; done 2>/dev/null"};

bool all_prove(const std::vector<Evidence>& evidence) {
    return !evidence.empty() && std::ranges::all_of(evidence, &Evidence::proves);
}
bool some_prove(const std::vector<Evidence>& evidence) {
    return std::ranges::any_of(evidence, &Evidence::proves);
}

/// Control groups of the lab that are left, by all controllers.
std::string left_groups() {
    std::string left;
    std::error_code code;
    for (const auto& controller : std::filesystem::directory_iterator("/sys/fs/cgroup", code)) {
        std::error_code unreadable;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(controller.path(), unreadable)) {
            const std::string name = entry.path().filename();
            if (name.starts_with("faultlab-")) left += entry.path().string() + " ";
        }
    }
    return left;
}

/// The life of a fault on n1 of one node; `bites` gets it some seconds.
void check_life(const std::string& name,
                const std::string& detail,
                const std::vector<std::string>& argv) {
    in_lab(1, 0, [&](Lab& lab, const Findings& findings, const auto&) {
        const auto nemesis = (*find_nemesis(name))->make();
        for (const std::string& need : nemesis->needs()) {
            const auto reason = lacking(lab.node(0), need);
            findings.expect_ok(reason, "can");
            if (!reason || !reason->empty()) return;
        }
        PlainTarget target(lab, argv);
        findings.expect_ok(target.start_node(0), "start");
        FaultSpec spec{.id = 7, .nemesis = name};
        findings.expect_ok(read_detail(detail, nemesis->options(), name, spec), "detail");
        const auto fault = nemesis->resolve(spec, target.view());
        findings.expect_ok(fault, "resolve");
        if (!fault) return;
        findings.expect(!some_prove(nemesis->probe(*fault, target, EvidencePhase::before)),
                        "nothing is proven before");
        findings.expect_ok(nemesis->inject(*fault, target), "inject");
        bool bites = false;
        for (int i = 0; i < 100 && !bites; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            bites = some_prove(nemesis->probe(*fault, target, EvidencePhase::during));
        }
        findings.expect(bites, "it bites");
        findings.expect_ok(nemesis->heal(*fault, target), "heal");
        findings.expect(all_prove(nemesis->probe(*fault, target, EvidencePhase::after)),
                        "it is gone");
        findings.expect_ok(nemesis->heal(*fault, target), "heal again");
        findings.expect(target.node_state(0).value() == ProcessState::running, "it still runs");
        findings.expect(left_groups().empty(), "left behind: " + left_groups());
    });
}

} // namespace

TEST_CASE("a share of a processor bites and ends", "[faults]") {
    check_life("cpu", "n1:quota=5%", computes);
}

TEST_CASE("busy neighbours that weigh more bite and end", "[faults]") {
    check_life("contention", "n1:weight=2:hogs=2", computes);
}

TEST_CASE("little memory bites and ends", "[faults]") {
    check_life("memory", "n1:limit=16MiB", writes);
}

TEST_CASE("few bytes of a disk bite and end", "[faults]") {
    check_life("io", "n1:rate=8MiB", writes);
}

TEST_CASE("no more threads bite and end", "[faults]") {
    check_life("threads", "n1:most=1", computes);
}

TEST_CASE("no more files bite and end", "[faults]") {
    check_life("descriptors", "n1:free=0", computes);
}

TEST_CASE("a neighbour bites and ends", "[faults]") {
    check_life("neighbour", "n1:hogs=1:disk=yes", computes);
}
