#include "controller/engine/virtual_executor.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_writer.hpp"
#include "tests/support/toy_systems.hpp"
#include "workloads/catalogue.hpp"
#include "workloads/generators.hpp"

#include <map>
#include <set>

using namespace faultlab;

namespace {

std::shared_ptr<MemoryRun> run_toy(const Workload& workload, const Plan& plan) {
    auto memory = std::make_shared<MemoryRun>();
    VirtualTime time;
    ToyRegister toy(time, plan.nodes, Rng(plan.seed).split("toy").seed(), {});
    VirtualExecutor executor({.time = time,
                              .system = toy,
                              .workload = workload,
                              .find_nemesis = find_toy_nemesis,
                              .create_writer = write_into(memory)});
    REQUIRE(executor.run(plan));
    return memory;
}

} // namespace

TEST_CASE("one seed gives one history, byte for byte, and another seed another", "[engine]") {
    const auto workload = find_workload("register").value()->make();
    const auto dump = [&](std::uint64_t seed) {
        const Plan plan = toy_plan(*workload, seed, {"partition", "kill"});
        return run_toy(*workload, plan)->dump();
    };
    const std::string first = dump(7);
    CHECK(first.size() > 1'000'000);
    CHECK(first == dump(7));
    CHECK(first != dump(8));
}

TEST_CASE("a run in virtual time has all parts of a run", "[engine]") {
    const auto workload = find_workload("register").value()->make();
    const Plan plan = toy_plan(*workload, 3, {"partition", "kill"});
    const auto run = run_toy(*workload, plan);
    CHECK(run->ended == "complete");
    CHECK(run->ops.size() > 20'000);

    // Every key was read after the last heal.
    Nanos t_healed = 0;
    for (const auto& [id, fault] : run->faults) {
        CHECK(fault.state == FaultState::healed);
        CHECK(fault.effective());
        CHECK(fault.healed());
        CHECK(fault.t_ended - fault.t_started == 3 * second);
        t_healed = std::max(t_healed, fault.t_ended);
    }
    CHECK(run->faults.size() == plan.faults.size());
    std::set<Value> used;
    std::set<Value> read_at_last;
    for (const Op& op : run->ops) {
        used.insert(op.key);
        if (op.f == "read" && op.status == OpStatus::ok &&
            op.t_inv > std::max(t_healed, plan.duration + plan.settle))
            read_at_last.insert(op.key);
    }
    CHECK(used == read_at_last);
}

TEST_CASE("an operation of unknown outcome ends its process, not its worker", "[engine]") {
    const auto workload = find_workload("register").value()->make();
    const Plan plan = toy_plan(*workload, 5, {"partition"});
    const auto run = run_toy(*workload, plan);
    std::map<std::int32_t, OpStatus> last;
    std::int64_t unknown = 0;
    for (const Op& op : run->ops) {
        // A process belongs to one worker, and is over after an unknown outcome.
        REQUIRE(op.process % plan.workers() == op.client);
        REQUIRE(op.node == op.client % plan.nodes);
        const auto before = last.find(op.process);
        REQUIRE((before == last.end() || before->second != OpStatus::info));
        last[op.process] = op.status;
        if (op.status != OpStatus::info) continue;
        ++unknown;
        CHECK(op.t_ret - op.t_inv == plan.op_timeout);
    }
    CHECK(unknown > 5);
    CHECK(last.size() == static_cast<std::size_t>(unknown + plan.workers()));
}

TEST_CASE("latency counts from the intended start when workers fall behind", "[engine]") {
    const auto workload = find_workload("register").value()->make();
    const Plan plan = toy_plan(*workload, 5, {"partition"});
    const auto run = run_toy(*workload, plan);
    Nanos latest = 0;
    for (const Op& op : run->ops) {
        REQUIRE(op.t_due <= op.t_inv);
        latest = std::max(latest, op.t_inv - op.t_due);
    }
    // Behind a partition of three seconds an operation takes up to five.
    CHECK(latest > 2 * second);
    CHECK(latest < 10 * second);
    CHECK(run->meta.at("dropped") == Value{0});
}

TEST_CASE("phases of a workload hold for all workers", "[engine]") {
    class Phased : public Workload {
    public:
        [[nodiscard]] std::vector<OptionSpec> options() const override { return {}; }
        [[nodiscard]] std::vector<std::string> operations(const Options&) const override {
            return {"write", "read"};
        }
        [[nodiscard]] GeneratorPtr body(const Plan&, const StreamContext& context) const override {
            const auto many = [&](const char* f) {
                return take(10 + context.worker,
                            repeat([f] { return Invocation{.f = f, .key = 1, .arg = 1}; }));
            };
            std::vector<GeneratorPtr> children;
            children.push_back(many("write"));
            children.push_back(many("read"));
            return phases(std::move(children));
        }
        [[nodiscard]] GeneratorPtr
        final_reads(const Plan&, const StreamContext&, std::span<const Value>) const override {
            return sequence({});
        }
        [[nodiscard]] std::vector<CheckerRequest> checkers(const Options&) const override {
            return {};
        }
    };
    const Phased workload;
    Plan plan = toy_plan(workload, 1, {});
    const auto run = run_toy(workload, plan);
    REQUIRE(run->ops.size() == 2 * (10 * 12 + 66));
    Index last_write = 0;
    Index first_read = never;
    for (const Op& op : run->ops) {
        if (op.f == "write") last_write = std::max(last_write, op.ret_index);
        if (op.f == "read") first_read = std::min(first_read, op.inv_index);
    }
    CHECK(last_write < first_read);
}
