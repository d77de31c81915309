// Clock faults on real hosts: what programs there are told of the time, by their own account.
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "tests/integration/faults/plain_target.hpp"
#include "tests/unit/hosts/lab_support.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>

using namespace faultlab;
using namespace faultlab::faults_test;
using namespace faultlab::hosts_test;

namespace {

constexpr std::int64_t milli = 1000; // what programs are told is in µs
constexpr std::int64_t busy = 30 * milli;

/// A line of clock_teller.
struct Told {
    std::int64_t realtime = 0;
    std::int64_t timeofday = 0;
    std::int64_t monotonic = 0;
    std::int64_t seconds = 0;
    std::int64_t back = 0;
};

std::vector<Told> all_told(Host& host, const char* file) {
    std::ifstream lines(host.data_directory() / file);
    std::vector<Told> told;
    for (std::string line; std::getline(lines, line);) {
        Told one;
        std::istringstream fields(line);
        fields >> one.realtime >> one.timeofday >> one.monotonic >> one.seconds >> one.back;
        if (fields) told.push_back(one);
    }
    return told;
}

bool about(std::int64_t value, std::int64_t wanted, std::int64_t tolerance = busy) {
    return std::abs(value - wanted) <= tolerance;
}

/// Until the last of what both processes of a host are told is so.
bool is_told(Host& host, const std::function<bool(const Told&)>& so) {
    for (int i = 0; i < 500; ++i) {
        const auto parent = all_told(host, "told");
        const auto child = all_told(host, "told-child");
        if (!parent.empty() && !child.empty() && so(parent.back()) && so(child.back())) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

bool is_true(const Told& told) {
    return about(told.realtime, 0) && about(told.timeofday, 0) && about(told.monotonic, 0) &&
           about(told.seconds, 0, 1);
}

/// Programs that tell the time on all nodes of a lab, and a fault on some.
struct Scene {
    Scene(Lab& in, const Findings& to)
        : lab(in), findings(to), target(in, {FAULTLAB_CLOCK_TELLER}) {
        for (NodeId node = 0; node < lab.nodes(); ++node) {
            findings.expect_ok(target.start_node(node), "start");
            findings.expect(is_told(lab.node(node), is_true), "programs begin with true clocks");
        }
    }
    ~Scene() {
        for (NodeId node = 0; node < lab.nodes(); ++node)
            findings.expect_ok(target.kill_node(node), "kill");
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    Fault begin(const std::string& name, Params params, FaultId id = 1) {
        nemesis = (*find_nemesis(name))->make();
        if (!params.contains("clock")) params["clock"] = "realtime";
        const auto fault = nemesis->resolve({.id = id,
                                             .nemesis = name,
                                             .duration = 2 * second,
                                             .target = "n1",
                                             .params = std::move(params)},
                                            target.view());
        findings.expect_ok(fault, "resolve");
        expect_proved(*fault, EvidencePhase::before, false);
        findings.expect_ok(nemesis->inject(*fault, target), "inject");
        return *fault;
    }

    void expect_proved(const Fault& fault, EvidencePhase phase, bool wanted = true) {
        std::string text;
        bool proved = false;
        for (const Evidence& one : nemesis->probe(fault, target, phase)) {
            proved = proved || one.proves;
            text += one.name + "=" + to_json(one.value) + (one.proves ? "! " : " ");
        }
        findings.expect(proved == wanted,
                        std::string(to_string(phase)) + " " + fault.summary + ": " + text);
    }

    /// Ends the fault; after it all is as it was, and ending it again is no error.
    void end(const Fault& fault) {
        findings.expect_ok(nemesis->heal(fault, target), "heal");
        findings.expect(is_told(lab.node(0), is_true), "after the heal clocks are true");
        expect_proved(fault, EvidencePhase::after);
        findings.expect_ok(nemesis->heal(fault, target), "heal again");
        findings.expect(!helper_runs(lab.node(0), helper_name(fault.id)).value(), "no helper");
        for (const char* file : {"told", "told-child"}) {
            const auto told = all_told(lab.node(0), file);
            findings.expect(!told.empty() && told.back().back == 0, "a monotonic clock went back");
        }
    }

    void kill_helper(const Fault& fault) {
        const auto pid = ask_helper(lab.node(0), helper_name(fault.id), "runs");
        findings.expect_ok(pid, "the helper runs");
        ::kill(static_cast<pid_t>(std::stol(*pid)), SIGKILL);
    }

    Lab& lab;
    const Findings& findings;
    PlainTarget target;
    std::unique_ptr<Nemesis> nemesis;
};

} // namespace

TEST_CASE("a bump moves the wall clock of all processes of a node, and of no other", "[faults]") {
    in_lab(2, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Scene scene(lab, findings);
        const Fault fault = scene.begin("clock-bump", {{"offset", "90s"}});
        findings.expect(is_told(lab.node(0),
                                [](const Told& told) {
                                    return about(told.realtime, 90'000 * milli) &&
                                           about(told.timeofday, 90'000 * milli) &&
                                           about(told.seconds, 0, 1) && about(told.monotonic, 0);
                                }),
                        "90 s ahead");
        findings.expect(is_told(lab.node(1), is_true), "the other node");
        // Each is a program that begins on the host while the helper looks for such.
        for (int i = 0; i < 20; ++i)
            scene.expect_proved(fault, EvidencePhase::during);
        scene.expect_proved(fault, EvidencePhase::after, false);
        scene.end(fault);
    });
}

TEST_CASE("a replica that is started again has the wrong clock soon", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Scene scene(lab, findings);
        const Fault fault = scene.begin("clock-bump", {{"offset", "-30m"}});
        const auto behind = [](const Told& told) { return about(told.realtime, -1'800'000'000); };
        findings.expect(is_told(lab.node(0), behind), "behind");
        findings.expect_ok(scene.target.kill_node(0), "kill");
        for (const char* file : {"told", "told-child"})
            std::filesystem::remove(lab.node(0).data_directory() / file);
        findings.expect_ok(scene.target.start_node(0), "start");
        findings.expect(is_told(lab.node(0), behind), "behind again");
        scene.expect_proved(fault, EvidencePhase::during);
        scene.end(fault);
    });
}

TEST_CASE("what a killed helper left behind is healed", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Scene scene(lab, findings);
        const auto ahead = [](const Told& told) { return about(told.realtime, 5'000 * milli); };
        const Fault fault = scene.begin("clock-bump", {{"offset", "5s"}});
        findings.expect(is_told(lab.node(0), ahead), "ahead");
        scene.kill_helper(fault);
        scene.expect_proved(fault, EvidencePhase::during);
        scene.end(fault);
    });
}

TEST_CASE("a strobe jumps there and back", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Scene scene(lab, findings);
        const Fault fault = scene.begin("clock-strobe", {{"delta", "-700ms"}, {"period", "30ms"}});
        const auto back = [](const Told& told) { return about(told.realtime, -700 * milli, 5000); };
        findings.expect(is_told(lab.node(0), back), "there");
        findings.expect(is_told(lab.node(0), is_true), "and away");
        findings.expect(is_told(lab.node(0), back), "and there");
        scene.expect_proved(fault, EvidencePhase::during);
        scene.end(fault);
    });
}

TEST_CASE("a drift makes both clocks go wrong, and the monotonic one never back", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        for (const char* rate : {"30%", "-30%"}) {
            const std::int64_t sign = rate[0] == '-' ? -1 : 1;
            Scene scene(lab, findings);
            const Fault fault = scene.begin("clock-drift", {{"rate", rate}, {"clock", "both"}});
            findings.expect(is_told(lab.node(0),
                                    [sign](const Told& told) {
                                        return sign * told.monotonic > 200 * milli &&
                                               sign * told.realtime > 200 * milli;
                                    }),
                            "wrong");
            scene.expect_proved(fault, EvidencePhase::during);
            scene.end(fault);
        }
    });
}

TEST_CASE("a monotonic clock that jumped ahead is healed by going slow", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Scene scene(lab, findings);
        const Fault fault =
            scene.begin("clock-bump", {{"offset", "800ms"}, {"clock", "monotonic"}});
        findings.expect(is_told(lab.node(0),
                                [](const Told& told) {
                                    return about(told.monotonic, 800 * milli) &&
                                           about(told.realtime, 0);
                                }),
                        "ahead");
        scene.expect_proved(fault, EvidencePhase::during);
        scene.end(fault);
    });
}

TEST_CASE("one process has the clocks of one fault at a time", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Scene scene(lab, findings);
        const Fault first = scene.begin("clock-bump", {{"offset", "5s"}});
        Fault second = first;
        second.id = 2;
        const auto injected = scene.nemesis->inject(second, scene.target);
        findings.expect(!injected && injected.error().text().find("another fault has its clocks") !=
                                         std::string::npos,
                        "the second is refused");
        findings.expect_ok(scene.nemesis->heal(second, scene.target), "heal the second");
        findings.expect(
            is_told(lab.node(0),
                    [](const Told& told) { return about(told.realtime, 5'000 * milli); }),
            "the first goes on");
        scene.end(first);
    });
}

TEST_CASE("hosts can have clock faults, the machine itself cannot", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        const auto on_host = run_node_tool(lab.node(0), {"can", "vdso"});
        findings.expect(on_host && *on_host == "yes\n", "a host can");
        const auto here = lab.node(0).run({.argv = {"nsenter",
                                                    "--net=/proc/1/ns/net",
                                                    lab.node(0).node_tool().string(),
                                                    "can",
                                                    "vdso"}});
        findings.expect(here &&
                            here->out.find("no network namespace of its own") != std::string::npos,
                        "the machine cannot: " + (here ? here->out + here->err : ""));
    });
}
