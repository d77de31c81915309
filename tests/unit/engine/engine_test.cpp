#include "controller/engine/engine.hpp"
#include "controller/engine/monotonic_clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_lab.hpp"
#include "tests/support/memory_writer.hpp"
#include "tests/support/toy_systems.hpp"
#include "workloads/catalogue.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <set>
#include <thread>

using namespace faultlab;

namespace {

/// An engine over a fake cluster, and all that a test looks at afterwards.
struct Bench {
    FakeWorld world{3};
    std::unique_ptr<Workload> workload = find_workload("register").value()->make();
    MonotonicClock clock;
    std::shared_ptr<MemoryRun> memory = std::make_shared<MemoryRun>();
    std::stop_source finish_early;
    std::stop_source leave_now;
    FindNemesis find = find_toy_nemesis;
    std::function<void(const Progress&)> progress;
    Plan plan = toy_plan(*workload, 7, {});

    Bench() {
        plan.rate = 2000;
        plan.duration = 600 * millisecond;
        plan.op_timeout = 200 * millisecond;
        plan.recovery_limit = second;
        plan.settle = 20 * millisecond;
    }

    void add_fault(const std::string& nemesis, Nanos t_start, Nanos duration) {
        plan.faults.push_back({.id = static_cast<FaultId>(plan.faults.size()),
                               .nemesis = nemesis,
                               .t_start = t_start,
                               .duration = duration,
                               .target = "one",
                               .seed = 4});
    }

    Result<RunOutcome> run() {
        Engine engine({.lab = world.lab(),
                       .system = world.system(),
                       .workload = *workload,
                       .find_nemesis = find,
                       .clock = clock,
                       .create_writer = write_into(memory),
                       .run_db = "run/run.db",
                       .run_id = "r1",
                       .finish_early = finish_early.get_token(),
                       .leave_now = leave_now.get_token(),
                       .progress = progress});
        return engine.run(plan);
    }

    [[nodiscard]] std::vector<std::string> phases() const {
        std::vector<std::string> names;
        for (const Event& event : memory->events_of("phase"))
            names.push_back(*event.fields.at("name").text());
        return names;
    }
    [[nodiscard]] bool all_gone() {
        return world.state(0) == ProcessState::gone && world.state(1) == ProcessState::gone &&
               world.state(2) == ProcessState::gone;
    }
};

} // namespace

TEST_CASE("a run goes through its phases and leaves nothing running", "[engine]") {
    Bench bench;
    std::vector<std::string> seen;
    bench.progress = [&](const Progress& progress) {
        if (seen.empty() || seen.back() != progress.phase) seen.push_back(progress.phase);
    };
    const auto outcome = bench.run();
    REQUIRE(outcome);
    CHECK(!outcome->interrupted);
    CHECK(outcome->note.empty());
    CHECK(bench.memory->ended == "complete");
    const std::vector<std::string> all{
        "provision", "load", "recovery", "settle", "final reads", "collect"};
    CHECK(bench.phases() == all);
    CHECK(seen == all);
    CHECK(bench.all_gone());
    CHECK(bench.memory->meta.at("system_version") == Value{"1.0"});
    CHECK(bench.memory->events_of("leader").size() == 1);
    CHECK(!bench.memory->samples.empty());
    // Wiped before the first start.
    const auto log = bench.world.log();
    CHECK(std::ranges::find(log, "n1 run find") < std::ranges::find(log, "n1 spawn toy"));
    // Every worker entered its client host before connecting, for the load and the final reads.
    for (NodeId node = 0; node < 3; ++node)
        CHECK(bench.world.entered(node) == 8);
}

TEST_CASE("all operations of a run are recorded, and each key is read at the end", "[engine]") {
    Bench bench;
    REQUIRE(bench.run());
    CHECK(bench.memory->ops.size() > 800);
    std::set<Value> used;
    std::set<Value> read_at_last;
    const Nanos t_final = [&] {
        for (const Event& event : bench.memory->events_of("phase")) {
            if (event.fields.at("name") == Value{"final reads"}) return event.t;
        }
        return Nanos{0};
    }();
    for (const Op& op : bench.memory->ops) {
        CHECK(op.status == OpStatus::ok);
        CHECK(op.node == op.client % 3);
        CHECK(op.t_due <= op.t_inv);
        CHECK(op.t_inv <= op.t_ret);
        used.insert(op.key);
        if (op.t_inv > t_final) read_at_last.insert(op.key);
    }
    CHECK(used.size() > 10);
    CHECK(used == read_at_last);
}

TEST_CASE("faults are stored before they are injected, measured and healed", "[engine]") {
    Bench bench;
    bench.plan.duration = 1200 * millisecond;
    bench.add_fault("kill", 50 * millisecond, 300 * millisecond);
    bench.add_fault("partition", 500 * millisecond, 300 * millisecond);
    // Still on when the time of the load is over.
    bench.add_fault("kill", 900 * millisecond, 10 * second);
    REQUIRE(bench.run());
    REQUIRE(bench.memory->faults.size() == 3);
    for (const auto& [id, fault] : bench.memory->faults) {
        CHECK(fault.state == FaultState::healed);
        CHECK(fault.effective());
        CHECK(fault.healed());
        CHECK(fault.t_started >= fault.t_planned);
        CHECK(fault.t_ended > fault.t_started);
        CHECK(fault.evidence.front().phase == EvidencePhase::before);
    }
    const std::int64_t killed =
        std::ranges::count_if(bench.memory->lives, [](const MemoryRun::Life& life) {
            return life.ended_by == "killed by the lab";
        });
    CHECK(killed == 5); // two by faults, three at the end
    CHECK(bench.memory->events_of("died").empty());
    CHECK(std::ranges::any_of(bench.memory->ops,
                              [](const Op& op) { return op.status == OpStatus::fail; }));
}

TEST_CASE("an interrupted run is healed, collected and closed", "[engine]") {
    Bench bench;
    bench.plan.duration = 60 * second;
    bench.add_fault("partition", 0, 50 * second);
    bench.progress = [&](const Progress& progress) {
        if (!progress.faults.empty() && progress.ok > 100) bench.finish_early.request_stop();
    };
    const auto outcome = bench.run();
    REQUIRE(outcome);
    CHECK(outcome->interrupted);
    CHECK(bench.memory->ended == "interrupted");
    CHECK(bench.memory->faults.at(0).state == FaultState::healed);
    CHECK(bench.phases() == std::vector<std::string>{"provision", "load", "collect"});
    CHECK(bench.all_gone());
    CHECK(bench.clock.now() < 30 * second);
}

TEST_CASE("who leaves at once still heals", "[engine]") {
    Bench bench;
    bench.plan.duration = 60 * second;
    bench.add_fault("partition", 0, 50 * second);
    bench.progress = [&](const Progress& progress) {
        if (progress.faults.empty()) return;
        bench.finish_early.request_stop();
        bench.leave_now.request_stop();
    };
    REQUIRE(bench.run());
    CHECK(bench.memory->faults.at(0).state == FaultState::healed);
    CHECK(bench.phases() == std::vector<std::string>{"provision", "load"});
    CHECK(bench.memory->ended == "interrupted");
}

TEST_CASE("an interrupt while replicas start ends the run without an error", "[engine]") {
    Bench bench;
    bench.world.becomes_ready = false;
    bench.plan.recovery_limit = 60 * second;
    bench.progress = [&](const Progress&) { bench.finish_early.request_stop(); };
    const auto outcome = bench.run();
    REQUIRE(outcome);
    CHECK(outcome->interrupted);
    CHECK(bench.all_gone());
    CHECK(bench.clock.now() < 30 * second);
}

TEST_CASE("a store that fails ends the run: healed, stopped, and an error", "[engine]") {
    Bench bench;
    bench.plan.duration = 60 * second;
    bench.add_fault("partition", 0, 50 * second);
    bench.memory->fails_after = 300;
    const auto outcome = bench.run();
    REQUIRE(!outcome);
    CHECK(outcome.error().kind == ErrorKind::lab);
    CHECK(outcome.error().message.find("disk full") != std::string::npos);
    CHECK(bench.memory->ended.find("error: ") == 0);
    CHECK(bench.memory->faults.at(0).state == FaultState::healed);
    CHECK(bench.all_gone());
    CHECK(bench.clock.now() < 30 * second);
}

TEST_CASE("a client that throws costs its worker, not the record", "[engine]") {
    Bench bench;
    std::atomic<int> calls = 0;
    bench.world.answer = [&](NodeId, const Invocation&) -> Completion {
        if (++calls == 50) throw std::runtime_error("out of sockets");
        return Done{};
    };
    const auto outcome = bench.run();
    REQUIRE(!outcome);
    CHECK(outcome.error().message.find("out of sockets") != std::string::npos);
    const std::int64_t unknown = std::ranges::count(bench.memory->ops, OpStatus::info, &Op::status);
    CHECK(unknown == 1);
    CHECK(std::ranges::count(bench.memory->ops, OpStatus::open, &Op::status) == 0);
    CHECK(bench.memory->ops.size() > 500); // the others went on
    CHECK(bench.memory->events_of("worker_failed").size() == 1);
    CHECK(bench.all_gone());
}

TEST_CASE("a replica that dies by itself is an event, and started again at the end", "[engine]") {
    Bench bench;
    std::atomic<bool> crashed = false;
    bench.progress = [&](const Progress& progress) {
        if (progress.phase == "load" && progress.ok > 100 && !crashed.exchange(true))
            bench.world.crash(1);
    };
    const auto outcome = bench.run();
    REQUIRE(outcome);
    const auto died = bench.memory->events_of("died");
    REQUIRE(died.size() == 1);
    CHECK(died[0].node == 1);
    std::int32_t lives = 0;
    for (const MemoryRun::Life& life : bench.memory->lives) {
        if (life.node == 1) lives = std::max(lives, life.incarnation + 1);
    }
    CHECK(lives == 2);
    CHECK(bench.memory->events_of("recovered").size() == 1);
}

TEST_CASE("a cluster that never gets ready is the environment's fault", "[engine]") {
    Bench bench;
    bench.world.becomes_ready = false;
    bench.plan.recovery_limit = 100 * millisecond;
    const auto outcome = bench.run();
    REQUIRE(!outcome);
    CHECK(outcome.error().kind == ErrorKind::environment);
    CHECK(outcome.error().message.find("n1") != std::string::npos);
    CHECK(bench.memory->ended.find("error: ") == 0);
    CHECK(bench.memory->ops.empty());
    CHECK(bench.all_gone());
}

TEST_CASE("a cluster that is not empty is not run on", "[engine]") {
    Bench bench;
    bench.world.starts_empty = false;
    const auto outcome = bench.run();
    REQUIRE(!outcome);
    CHECK(outcome.error().message.find("still holds data") != std::string::npos);
    CHECK(bench.memory->ops.empty());
}

TEST_CASE("paused replicas make operations of unknown outcome, with new processes", "[engine]") {
    class Pause : public Nemesis {
    public:
        [[nodiscard]] std::vector<std::string> needs() const override { return {}; }
        void draw(Rng&, std::int32_t, FaultSpec&) const override {}
        [[nodiscard]] FaultSpec exact(const Fault&, const FaultSpec& spec) const override {
            return spec;
        }
        Result<Fault> resolve(const FaultSpec&, const ClusterView&) const override {
            return Fault{.nemesis = "pause", .targets = {1}};
        }
        Result<void> inject(const Fault&, FaultTarget& target) const override {
            return target.signal_node(1, SIGSTOP);
        }
        Result<void> heal(const Fault&, FaultTarget& target) const override {
            return target.signal_node(1, SIGCONT);
        }
        std::vector<Evidence>
        probe(const Fault&, FaultTarget& target, EvidencePhase phase) const override {
            const bool stopped = *target.node_state(1) == ProcessState::stopped;
            return {{.phase = phase, .proves = stopped == (phase == EvidencePhase::during)}};
        }
    };
    const Pause pause;
    Bench bench;
    bench.plan.duration = second;
    bench.find = [&](std::string_view) { return &pause; };
    bench.add_fault("pause", 100 * millisecond, 500 * millisecond);
    REQUIRE(bench.run());
    CHECK(bench.memory->faults.at(0).effective());
    CHECK(bench.memory->faults.at(0).healed());
    std::set<std::int32_t> over;
    for (const Op& op : bench.memory->ops) {
        REQUIRE(!over.contains(op.process));
        REQUIRE(op.process % 12 == op.client);
        if (op.status != OpStatus::info) continue;
        over.insert(op.process);
        CHECK(op.node == 1);
    }
    CHECK(over.size() >= 4);
}
