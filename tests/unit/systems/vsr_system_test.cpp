#include "replica/core/bugs.hpp"
#include "systems/catalogue.hpp"
#include "systems/vsr/parts.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sim_host.hpp"

#include <algorithm>

using namespace faultlab;

namespace {

std::unique_ptr<System> vsr_system() {
    return find_system("vsr").value()->make();
}

/// A host that answers every command alike, and keeps the last.
class OneAnswerHost final : public SimHost {
public:
    explicit OneAnswerHost(Result<Output> output)
        : SimHost("n1", "10.0.0.1", transcript_), output_(std::move(output)) {}
    Result<Output> run(const Command& command) override {
        asked = command;
        return output_;
    }
    Command asked;

private:
    Transcript transcript_;
    Result<Output> output_;
};

Deployment one_node() {
    return {.run_id = "run-7",
            .secret = std::string(64, 'a'),
            .nodes = {{.name = "n1", .address = "127.255.255.254", .data_directory = "/d/n1"}}};
}

} // namespace

TEST_CASE("the secret of a run reaches a node by standard input, for its owner only", "[vsr]") {
    OneAnswerHost host(Output{});
    const Deployment deployment = one_node();
    REQUIRE(vsr_system()->prepare(deployment, 0, host).ok());
    CHECK(host.asked.input == deployment.secret + "\n");
    CHECK(host.asked.argv ==
          std::vector<std::string>{"install", "-m", "600", "/dev/stdin", "/d/n1/cluster.key"});
    OneAnswerHost full(Output{.exit_status = 1, .err = "no space"});
    const auto failed = vsr_system()->prepare(deployment, 0, full);
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().message.find("no space") != std::string::npos);
    CHECK(failed.error().text().find(deployment.secret) == std::string::npos);
}

TEST_CASE("a daemon that does not run makes the machine unfit, with how to build it", "[vsr]") {
    OneAnswerHost host(Output{.exit_status = 127, .err = "not found"});
    const auto version = vsr_system()->installed(host);
    REQUIRE_FALSE(version.ok());
    CHECK(version.error().kind == ErrorKind::environment);
    CHECK(version.error().hint.find("faultlab-replica") != std::string::npos);
    OneAnswerHost fit(Output{});
    CHECK(vsr_system()->installed(fit).ok());
    CHECK(fit.asked.argv.at(0).ends_with("/faultlab-replica"));
}

TEST_CASE("the store names its bugs from its one table, and the checkers of what it says",
          "[vsr]") {
    const auto system = vsr_system();
    const auto planted = system->planted_bugs();
    REQUIRE(planted.size() == replica::bug_count);
    CHECK(std::ranges::count(planted, "V11", &PlantedBug::id) == 1);
    std::vector<std::string> names;
    for (const CheckerRequest& request : system->checkers())
        names.push_back(request.name);
    CHECK(names == std::vector<std::string>{"digest-agreement", "convergence", "invariants"});
}

TEST_CASE("a store that does not answer is not empty, and says nothing of itself", "[vsr]") {
    const Deployment nobody = one_node();
    CHECK_FALSE(vsr_system()->empty(nobody, 100 * millisecond).ok());
    CHECK_FALSE(vsr_system()->empty(Deployment{}, second).ok());
    const auto telemetry = vsr_system()->telemetry(nobody, 0);
    CHECK_FALSE(telemetry->poll(100 * millisecond).ok());
    CHECK_FALSE(telemetry->ready(100 * millisecond).ok());
    const Completion write = vsr_system()->connect(nobody, 0)->invoke(
        {.f = "write", .key = "k", .arg = 1}, 200 * millisecond);
    CHECK(std::holds_alternative<Failed>(write));
}

TEST_CASE("counters of planted bugs are read from the admin answer", "[vsr]") {
    const auto counts = vsr::fired_counts(R"({"V11": {"on": true, "fired": 3}})");
    REQUIRE(counts.ok());
    REQUIRE(counts->size() == 1);
    CHECK(counts->front() == std::pair<std::string, std::int64_t>("V11", 3));
    for (const char* wrong : {"", "[]", R"({"V11": 3})", R"({"V11": {"fired": "3"}})"})
        CHECK_FALSE(vsr::fired_counts(wrong).ok());
}
