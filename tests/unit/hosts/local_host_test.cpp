#include "tests/unit/hosts/lab_support.hpp"
#include "tests/unit/hosts/machine_state.hpp"

#include <csignal>

using namespace faultlab;
using namespace faultlab::hosts_test;

namespace {

namespace fs = std::filesystem;

} // namespace

TEST_CASE("a program runs on its host, in its directory, with its log", "[hosts]") {
    in_lab(2, 1, [](Lab& lab, const Findings& findings, const fs::path& run) {
        auto& n1 = lab.node(0);
        const auto directory = n1.data_directory() / "deep/er";
        const auto group = n1.spawn({.name = "server",
                                     .argv = {"sh", "-c", "hostname; pwd; echo $KEY"},
                                     .environment = {{"KEY", "a value"}},
                                     .directory = directory});
        findings.expect_ok(group, "spawn");
        const auto log = run / "nodes/n1/logs/server.log";
        const auto has = [&](const std::string& text) {
            return eventually(
                [&] { return read_text(log).find(" " + text + "\n") != std::string::npos; });
        };
        findings.expect(has("n1"), "the host's name");
        findings.expect(has(directory.string()), "the directory");
        findings.expect(has("a value"), "the variable");
    });
}

TEST_CASE("an error of a host names the host", "[hosts]") {
    in_lab(2, 0, [](Lab& lab, const Findings& findings, const fs::path&) {
        auto& n2 = lab.node(1);
        const auto named = [&](const auto& result, const std::string& what) {
            findings.expect(!result.ok(), what + " fails");
            if (result.ok()) return;
            findings.expect(result.error().text().rfind("n2: ", 0) == 0, result.error().text());
        };
        named(n2.run({.argv = {"no-such-program"}}), "run");
        named(n2.spawn({.name = "x", .argv = {"no-such-program"}}), "spawn");
        named(n2.spawn({.name = "../x", .argv = {"true"}}), "a name that is a path");
        named(n2.apply_rules("nonsense"), "apply_rules");
        named(n2.get("/no/such/file", "/tmp/x"), "get");
        named(n2.state({.id = 424242}), "state");
        named(n2.remove(n2.data_directory()), "remove the data directory itself");
    });
}

TEST_CASE("files are put, got and removed", "[hosts]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const fs::path& run) {
        auto& host = lab.node(0);
        const auto data = host.data_directory();
        const auto local = run / "local";
        std::ofstream(local) << "content";
        findings.expect_ok(host.put(local, data / "new/file"), "put");
        findings.expect_ok(host.put(local, data / "new/file"), "put again");
        findings.expect_ok(host.get(data / "new/file", run / "back/file"), "get");
        findings.expect(read_text(run / "back/file") == "content", "content");
        findings.expect_ok(host.get(data / "new", run / "tree"), "get a directory");
        findings.expect(read_text(run / "tree/file") == "content", "content of the tree");
        findings.expect_ok(host.remove(data / "new"), "remove");
        findings.expect(!fs::exists(data / "new"), "it is removed");
        findings.expect_ok(host.remove(data / "new"), "remove what is missing");
    });
}

TEST_CASE("nothing outside the data directory is ever removed", "[hosts]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const fs::path& run) {
        auto& host = lab.node(0);
        const auto data = host.data_directory();
        const auto outside = run / "outside";
        fs::create_directories(outside);
        std::ofstream(outside / "file") << "precious";
        fs::create_directory_symlink(outside, data / "link");
        for (const auto& path : {outside / "file",
                                 data / "../../../outside/file",
                                 data / "link/file",
                                 data / "..",
                                 data / "x/../..",
                                 fs::path("/"),
                                 fs::path("relative"),
                                 fs::path()}) {
            findings.expect(!host.remove(path).ok(), "removes " + path.string());
        }
        findings.expect_ok(host.remove(data / "link"), "the link itself");
        findings.expect(read_text(outside / "file") == "precious", "the file is there");
    });
}

TEST_CASE("the end of a lab ends its processes, also strays; the next lab works", "[hosts]") {
    const As who = As::caller;
    if (!namespaces_for(who)) return;
    const TemporaryDirectory directory;
    const Findings findings(directory.path() / "findings");
    supervised(who, [&] {
        const SteadyTestClock clock;
        for (int round = 0; round < 3; ++round) {
            auto lab = create_local_lab(
                {.nodes = 2, .clients = 2, .run_directory = directory.path() / "run"}, clock);
            findings.expect_ok(lab, "create_local_lab");
            if (!lab) return 1;
            const auto group = (*lab)->node(0).spawn(
                {.name = "server", .argv = {"sh", "-c", "setsid sleep 1000 & sleep 1000"}});
            findings.expect_ok(group, "spawn");
            // init, engine, sh and its two sleeps.
            findings.expect(eventually([] { return all_processes().size() == 5; }), "five");
            lab->reset();
            findings.expect(eventually([] { return all_processes().size() == 2; }), "two");
        }
        return 0;
    });
    CHECK(findings.text() == "");
}

TEST_CASE("commands on one host run side by side, and rules beside them", "[hosts]") {
    in_lab(1, 0, [](Lab& lab, const Findings& findings, const fs::path&) {
        auto& host = lab.node(0);
        std::jthread slow([&] {
            const auto output = host.run({.argv = {"sleep", "1000"}, .limit = 3 * second});
            findings.expect(output && output->timed_out, "the slow command is timed out");
        });
        const auto start = std::chrono::steady_clock::now();
        findings.expect_ok(host.run({.argv = {"true"}}), "run beside it");
        findings.expect_ok(host.apply_rules("add table inet x; delete table inet x"), "rules");
        const auto passed = std::chrono::steady_clock::now() - start;
        findings.expect(passed < std::chrono::seconds(2), "nothing waits for the slow command");
    });
}
