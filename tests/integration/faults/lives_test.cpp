// Faults of replicas' lives on real hosts: restarts, crashes, and stops many times a second.
#include "nemesis/helper.hpp"
#include "tests/integration/faults/fault_site.hpp"

#include <csignal>
#include <set>

using namespace faultlab;
using namespace faultlab::faults_test;
using namespace faultlab::hosts_test;

namespace {

const std::vector<std::string> stubborn = {
    "sh", "-c", "trap '' TERM; : > set; sleep 1000; sleep 1000"};

/// The share of looks, one every two milliseconds, at which a replica stands still.
double stopped_share(PlainTarget& target, NodeId node) {
    constexpr int looks = 500;
    int stopped = 0;
    for (int i = 0; i < looks; ++i) {
        const auto state = target.node_state(node);
        if (state && *state == ProcessState::stopped) ++stopped;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return static_cast<double>(stopped) / looks;
}

void kill_helper(Host& host) {
    const auto process = ask_helper(host, helper_name(7), "runs");
    if (process) ::kill(static_cast<pid_t>(std::stol(*process)), SIGKILL);
}

} // namespace

TEST_CASE("a restart gives its replicas other processes, and leaves the others alone", "[faults]") {
    in_lab(2, 0, [](Lab& lab, const Findings& findings, const auto&) {
        for (const char* detail : {"n1:signal=kill", "n1:signal=term"}) {
            FaultSite site(lab, findings, "restart", detail);
            const std::int64_t before = site.group(0);
            const std::int64_t other = site.group(1);
            findings.expect(!site.effective(), "effective before it begins");
            site.inject();
            findings.expect(site.effective(), "effective");
            findings.expect(site.group(0) != before, "another process");
            findings.expect(site.group(1) == other, "the other is the same");
            site.heal();
            site.heal();
            findings.expect(site.healed(), "healed");
            for (NodeId node = 0; node < 2; ++node)
                findings.expect_ok(site.target.kill_node(node), "clean up");
        }
    });
}

TEST_CASE("a replica that does not listen to SIGTERM is killed after the limit", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        FaultSite site(lab, findings, "restart", "n1:signal=term:limit=300ms", stubborn);
        const auto trap = lab.node(0).data_directory() / "set";
        findings.expect(eventually([&] { return std::filesystem::exists(trap); }), "a trap is set");
        const auto begun = std::chrono::steady_clock::now();
        site.inject();
        const auto took = std::chrono::steady_clock::now() - begun;
        findings.expect(took >= std::chrono::milliseconds(290), "it was waited for");
        findings.expect(site.effective(), "effective");
    });
}

TEST_CASE("a crash loop makes lives, until its heal leaves the last one", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        FaultSite site(lab, findings, "crash-loop", "n1:after=20ms");
        std::set<std::int64_t> groups = {site.group(0)};
        site.inject();
        groups.insert(site.group(0));
        for (std::int64_t turn = 1; turn <= 5; ++turn) {
            site.turn(turn);
            groups.insert(site.group(0));
        }
        findings.expect(groups.size() == 7, "seven lives");
        findings.expect(site.effective(), "effective");
        findings.expect_ok(site.target.kill_node(0), "cut in the middle of a turn");
        findings.expect(!site.healed(), "not healed while it is down");
        site.heal();
        findings.expect(site.healed(), "healed");
    });
}

TEST_CASE("a rolling restart reaches every replica", "[faults]") {
    in_lab(3, 0, [](Lab& lab, const Findings& findings, const auto&) {
        FaultSite site(lab, findings, "rolling-restart", "all:pause=0");
        const std::vector<std::int64_t> before = {site.group(0), site.group(1), site.group(2)};
        site.inject();
        for (std::int64_t turn = 1; site.nemesis->turn_after(site.fault, turn); ++turn)
            site.turn(turn);
        for (NodeId node = 0; node < 3; ++node) {
            findings.expect(site.group(node) != before[static_cast<std::size_t>(node)], "another");
            findings.expect(site.target.node_starts(node) == 2, "once");
        }
        findings.expect(site.effective(), "effective");
        site.heal();
        findings.expect(site.healed(), "healed");
    });
}

TEST_CASE("a stutter stops a replica for the share of time that it says", "[faults]") {
    in_lab(2, 0, [](Lab& lab, const Findings& findings, const auto&) {
        FaultSite site(lab, findings, "stutter", "n1:stop=20ms:period=40ms");
        site.inject();
        const double share = stopped_share(site.target, 0);
        findings.expect(share > 0.25, "stopped for too little: " + std::to_string(share));
        findings.expect(share < 0.75, "stopped for too long: " + std::to_string(share));
        findings.expect(stopped_share(site.target, 1) == 0, "the other one runs");
        findings.expect(site.effective(), "effective");
        findings.expect(!site.healed(), "not healed while it lasts");
        site.heal();
        findings.expect(site.healed(), "healed");
        findings.expect(stopped_share(site.target, 0) == 0, "it runs");
        site.heal();
        findings.expect(site.healed(), "healed twice");
    });
}

TEST_CASE("a stutter whose helper is killed is ended by the heal", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        FaultSite site(lab, findings, "stutter", "n1:stop=900ms:period=1s");
        site.inject();
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        kill_helper(lab.node(0));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        findings.expect(*site.target.node_state(0) == ProcessState::stopped, "it is left stopped");
        findings.expect(!site.healed(), "not healed");
        site.heal();
        findings.expect(site.healed(), "healed");
        findings.expect(*site.target.node_state(0) == ProcessState::running, "it goes on");
    });
}

TEST_CASE("a stutter of a replica that died has no effect any more", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        FaultSite site(lab, findings, "stutter", "n1");
        findings.expect_ok(site.target.kill_node(0), "kill");
        findings.expect(!site.nemesis->inject(site.fault, site.target), "nothing to stop");
        site.heal();
        findings.expect(site.healed(), "healed");
    });
}
