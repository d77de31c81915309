#include "controller/engine/cluster.hpp"
#include "controller/engine/monotonic_clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_lab.hpp"
#include "tests/support/memory_writer.hpp"

#include <algorithm>
#include <csignal>

using namespace faultlab;

namespace {

struct Site {
    FakeWorld world{3};
    MonotonicClock clock;
    std::shared_ptr<MemoryRun> memory = std::make_shared<MemoryRun>();
    std::unique_ptr<RunWriter> writer = write_into(memory)({}, {}).value();
    Deployment deployment = make_deployment(world.lab(), "r", {});
    Cluster cluster{world.lab(), world.system(), deployment, *writer, clock};

    std::int64_t spawned(const std::string& node) {
        return std::ranges::count(world.log(), node + " spawn toy");
    }
    [[nodiscard]] std::vector<std::string> kinds() const {
        std::vector<std::string> all;
        for (const Event& event : memory->events)
            all.push_back(event.kind);
        return all;
    }
};

} // namespace

TEST_CASE("starting and killing a replica twice does it once", "[engine]") {
    Site site;
    REQUIRE(site.cluster.start_node(1));
    REQUIRE(site.cluster.start_node(1));
    CHECK(site.spawned("n2") == 1);
    CHECK(site.cluster.view().nodes[1].running);
    REQUIRE(site.cluster.kill_node(1));
    REQUIRE(site.cluster.kill_node(1));
    CHECK(*site.cluster.node_state(1) == ProcessState::gone);
    CHECK(!site.cluster.view().nodes[1].running);
    CHECK(site.kinds() == std::vector<std::string>{"started", "killed"});
    REQUIRE(site.memory->lives.size() == 1);
    CHECK(site.memory->lives[0].ended_by == "killed by the lab");
    REQUIRE(site.cluster.start_node(1));
    CHECK(site.memory->lives.back().incarnation == 1);
}

TEST_CASE("a paused replica is not started again", "[engine]") {
    Site site;
    REQUIRE(site.cluster.start_node(0));
    REQUIRE(site.cluster.signal_node(0, SIGSTOP));
    CHECK(*site.cluster.node_state(0) == ProcessState::stopped);
    REQUIRE(site.cluster.start_node(0));
    CHECK(site.spawned("n1") == 1);
    REQUIRE(site.cluster.signal_node(0, SIGCONT));
    CHECK(*site.cluster.node_state(0) == ProcessState::running);
}

TEST_CASE("a replica that ended by itself is noticed once, also when it is restarted first",
          "[engine]") {
    Site site;
    REQUIRE(site.cluster.start_node(0));
    REQUIRE(site.cluster.start_node(2));
    site.cluster.check_alive(0);
    site.world.crash(0);
    site.cluster.check_alive(0);
    site.cluster.check_alive(0);
    CHECK(site.memory->events_of("died").size() == 1);
    CHECK(!site.cluster.view().nodes[0].running);

    site.world.crash(2);
    REQUIRE(site.cluster.start_node(2));
    const auto died = site.memory->events_of("died");
    REQUIRE(died.size() == 2);
    CHECK(died[1].node == 2);
    CHECK(site.cluster.view().nodes[2].running);
}

TEST_CASE("who leads is what replicas said last, two of them if they say so", "[engine]") {
    Site site;
    for (NodeId node = 0; node < 3; ++node)
        REQUIRE(site.cluster.start_node(node));
    const NodeStatus leader{.leads = true, .metrics = {{"term", 4}}};
    const NodeStatus follower{.leads = false, .metrics = {{"term", 4}}};
    site.cluster.note_status(0, &leader);
    site.cluster.note_status(1, &follower);
    site.cluster.note_status(0, &leader);
    CHECK(site.cluster.leaders() == "n1");
    site.cluster.note_status(2, &leader);
    CHECK(site.cluster.leaders() == "n1 n3");
    site.cluster.note_status(0, nullptr);
    CHECK(site.cluster.leaders() == "n3");
    REQUIRE(site.cluster.kill_node(2));
    CHECK(site.cluster.leaders().empty());
    // An answer that was on its way when the replica was killed says nothing any more.
    site.cluster.note_status(2, &leader);
    CHECK(site.cluster.leaders().empty());
    const auto events = site.memory->events_of("leader");
    REQUIRE(events.size() == 2);
    CHECK(events[0].fields.at("term") == Value{4});
    CHECK(site.memory->samples.size() == 4);
}

TEST_CASE("what replicas say has happened to them is recorded in its order", "[engine]") {
    Site site;
    REQUIRE(site.cluster.start_node(1));
    const NodeStatus status{.events = {{.kind = "digest", .fields = {{"op", 16}}},
                                       {.kind = "committed", .fields = {{"op", 17}}}}};
    site.cluster.note_status(1, &status);
    const auto digests = site.memory->events_of("digest");
    REQUIRE(digests.size() == 1);
    CHECK(digests[0].node == 1);
    CHECK(digests[0].incarnation == 0);
    CHECK(digests[0].fields.at("op") == Value{16});
    CHECK(site.memory->events_of("committed").size() == 1);
}
