#include "core/options.hpp"
#include "systems/catalogue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sim_host.hpp"

#include <algorithm>
#include <set>

using namespace faultlab;

namespace {

Deployment three_nodes() {
    return {.run_id = "run-7",
            .nodes = {{.name = "n1", .address = "10.0.0.1", .data_directory = "/d/n1"},
                      {.name = "n2", .address = "10.0.0.2", .data_directory = "/d/n2"},
                      {.name = "n3", .address = "10.0.0.3", .data_directory = "/d/n3"}}};
}

std::unique_ptr<System> etcd_system() {
    const SystemEntry* entry = find_system("etcd").value();
    REQUIRE(entry != nullptr);
    return entry->make();
}

/// A host that knows one command.
class VersionHost final : public SimHost {
public:
    explicit VersionHost(Result<Output> output)
        : SimHost("n1", "10.0.0.1", transcript_), output_(std::move(output)) {}
    Result<Output> run(const Command& command) override {
        REQUIRE(command.argv == std::vector<std::string>{"etcd", "--version"});
        return output_;
    }

private:
    Transcript transcript_;
    Result<Output> output_;
};

} // namespace

TEST_CASE("the catalogue names each system once, with a summary and a factory that works") {
    std::set<std::string_view> names;
    for (const SystemEntry& entry : system_catalogue()) {
        CAPTURE(entry.name);
        CHECK(names.insert(entry.name).second);
        CHECK_FALSE(entry.summary.empty());
        CHECK(find_system(entry.name).value() == &entry);
        const auto system = entry.make();
        CHECK_FALSE(system->operations().empty());
        CHECK_FALSE(system->error_table().empty());
        CHECK(system->node_limits().first <= system->node_limits().second);
    }
    CHECK(find_system("no such system").error().kind == ErrorKind::usage);
}

TEST_CASE("etcd is launched as a member of the whole cluster") {
    Deployment deployment = three_nodes();
    deployment.options = {{"election-timeout", "2000"}, {"snapshot-count", "100"}};
    const auto processes = etcd_system()->launch(deployment, 1);
    REQUIRE(processes.size() == 1);
    CHECK(processes[0].name == "etcd");
    CHECK(processes[0].directory == "/d/n2");
    std::string text;
    for (const std::string& argument : processes[0].argv)
        text +=
            argument +
            (argument.starts_with("--") && argument.find('=') == std::string::npos ? " " : "\n");
    CHECK(text == R"(etcd
--name n2
--data-dir /d/n2/etcd
--listen-peer-urls http://10.0.0.2:2380
--initial-advertise-peer-urls http://10.0.0.2:2380
--listen-client-urls http://10.0.0.2:2379
--advertise-client-urls http://10.0.0.2:2379
--initial-cluster n1=http://10.0.0.1:2380,n2=http://10.0.0.2:2380,n3=http://10.0.0.3:2380
--initial-cluster-state new
--initial-cluster-token run-7
--heartbeat-interval 200
--election-timeout 2000
--snapshot-count 100
--enable-grpc-gateway=true
--metrics basic
--logger zap
--log-outputs stderr
--log-level info
)");
}

TEST_CASE("without options etcd runs with its own defaults") {
    const auto argv = etcd_system()->launch(three_nodes(), 0).at(0).argv;
    const auto after = [&argv](std::string_view flag) {
        const auto at = std::ranges::find(argv, flag);
        REQUIRE(at != argv.end());
        return *(at + 1);
    };
    CHECK(after("--heartbeat-interval") == "100");
    CHECK(after("--election-timeout") == "1000");
    CHECK(after("--snapshot-count") == "100000");
}

TEST_CASE("every fallback of an option is one of its choices") {
    const auto specs = etcd_system()->options();
    const auto completed = complete_options({}, specs, "etcd");
    REQUIRE(completed.ok());
    CHECK(complete_options(*completed, specs, "etcd").ok());
    CHECK_FALSE(complete_options({{"reads", "stale"}}, specs, "etcd").ok());
}

TEST_CASE("an installed etcd is told by its version") {
    VersionHost host(Output{.out = "etcd Version: 3.5.16\nGit SHA: x\nGo Version: go1.22\n"});
    const auto version = etcd_system()->installed(host);
    REQUIRE(version.ok());
    CHECK(*version == "3.5.16");
}

TEST_CASE("a host without a usable etcd is unfit and told what to install") {
    const Result<Output> output =
        GENERATE(as<Result<Output>>{},
                 lab_error("etcd: not found"),
                 Output{.exit_status = 127},
                 Output{.out = "something else"},
                 Output{.timed_out = true, .out = "etcd Version: 3.5.16\n"},
                 Output{.out = "etcd Version: 3.3.25\n"},
                 Output{.out = "etcd Version: x.y\n"});
    VersionHost host(output);
    const auto version = etcd_system()->installed(host);
    REQUIRE_FALSE(version.ok());
    CHECK(version.error().kind == ErrorKind::environment);
    CHECK(version.error().message.find("n1") != std::string::npos);
    CHECK(version.error().hint.find("apt-get install etcd-server") != std::string::npos);
}

TEST_CASE("a cluster that does not answer is no empty cluster") {
    const Deployment nobody{.nodes = {{.name = "n1", .address = "127.255.255.254"}}};
    CHECK_FALSE(etcd_system()->empty(nobody, second).ok());
    CHECK_FALSE(etcd_system()->empty(Deployment{}, second).ok());
}
