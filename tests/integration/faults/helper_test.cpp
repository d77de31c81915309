// Helpers of faults on real hosts: how they begin, answer and end.
#include "nemesis/catalogue.hpp"
#include "nemesis/helper.hpp"
#include "tests/unit/hosts/lab_support.hpp"

#include <csignal>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

void signal_helper(Host& host, const std::string& name, int signal) {
    ::kill(static_cast<pid_t>(std::stol(ask_helper(host, name, "runs").value())), signal);
}

bool waits_until_gone(Host& host, const std::string& name) {
    for (int i = 0; i < 500; ++i) {
        const auto runs = helper_runs(host, name);
        if (runs && !*runs) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

} // namespace

TEST_CASE("a helper answers until it is told to stop, which may be said twice", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Host& host = lab.node(0);
        const std::string name = helper_name(7);
        findings.expect_ok(start_helper(host, name, {.tool = "idle"}), "start");
        const auto report = ask_helper(host, name, "report");
        findings.expect(report && *report == "{}", "report");
        findings.expect(helper_runs(host, name).value(), "it runs");
        findings.expect_ok(stop_helper(host, name), "stop");
        findings.expect(!helper_runs(host, name).value(), "it is gone");
        findings.expect_ok(stop_helper(host, name), "stop again");
        findings.expect(!ask_helper(host, name, "report").ok(), "nobody reports");
    });
}

TEST_CASE("two helpers cannot have one name", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Host& host = lab.node(0);
        findings.expect_ok(start_helper(host, "one", {.tool = "idle"}), "first");
        const auto second = run_node_tool(
            host, {"idle", "--directory", host.fault_directory().string(), "--name", "one"});
        findings.expect(!second && second.error().text().find("runs already") != std::string::npos,
                        "the second complains");
        findings.expect(helper_runs(host, "one").value(), "the first still runs");
    });
}

TEST_CASE("the place of a helper that was killed is taken by the next", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Host& host = lab.node(0);
        findings.expect_ok(start_helper(host, "one", {.tool = "idle"}), "start");
        signal_helper(host, "one", SIGKILL);
        findings.expect(waits_until_gone(host, "one"), "gone");
        findings.expect_ok(start_helper(host, "one", {.tool = "idle"}), "the next");
    });
}

TEST_CASE("a helper that is terminated goes as if it were told", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Host& host = lab.node(0);
        findings.expect_ok(start_helper(host, "one", {.tool = "idle"}), "start");
        signal_helper(host, "one", SIGTERM);
        findings.expect(waits_until_gone(host, "one"), "gone");
        findings.expect(!std::filesystem::exists(host.fault_directory() / "one.sock"),
                        "no socket is left");
    });
}

TEST_CASE("hosts can be asked for whatever a fault needs", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        for (const NemesisEntry& entry : nemesis_catalogue()) {
            for (const std::string& need : entry.make()->needs())
                findings.expect_ok(lacking(lab.node(0), need), std::string(entry.name));
        }
    });
}

TEST_CASE("a tool that cannot do what it is asked for says why", "[faults]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const auto&) {
        Host& host = lab.node(0);
        const auto unknown = run_node_tool(host, {"can", "fly"});
        findings.expect(!unknown && unknown.error().text().find("no fault needs 'fly'") !=
                                        std::string::npos,
                        "an unknown need");
        const auto missing = start_helper(host, "one", {.tool = "idle", .arguments = {"--what"}});
        findings.expect(!missing, "a helper that does not begin");
    });
}
