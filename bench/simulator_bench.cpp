// How fast clusters are simulated, in one thread: three replicas, header checksums, the storage
// model and all monitors. An event is a message, the end of a disk's operation or a client's
// request that a replica was given; timers count for nothing. And without a protocol, what the
// queue of events and a checker cost by themselves: a hundred events on one register.

#include "checker/catalogue.hpp"
#include "simulator/event_queue.hpp"
#include "simulator/setup.hpp"
#include "simulator/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace faultlab;
using namespace faultlab::simulator;
using Clock = std::chrono::steady_clock;

struct Measured {
    std::uint64_t events = 0;
    std::uint64_t commits = 0;
    std::uint64_t simulations = 0;
    double seconds = 0;
};

void print(const char* what, const Measured& measured) {
    const auto per_second = [&](std::uint64_t number) {
        return static_cast<double>(number) / measured.seconds;
    };
    fmt::print("{:<28} {:>10.0f} events/s  {:>6.0f} simulations/s",
               what,
               per_second(measured.events),
               per_second(measured.simulations));
    if (measured.commits > 0) {
        fmt::print("  one commit in {:.1f} events",
                   static_cast<double>(measured.events) / static_cast<double>(measured.commits));
    }
    fmt::print("\n");
}

template <class One>
Measured measure(std::uint64_t count, One one) {
    Measured measured{.simulations = count};
    const auto start = Clock::now();
    for (std::uint64_t seed = 1; seed <= count; ++seed)
        one(seed, measured);
    measured.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return measured;
}

Simulation simulation_of(const char* scenario, std::uint64_t seed) {
    return {.seed = seed,
            .scenario = find_scenario(scenario).value(),
            .overrides = {{Knob::Voters, 3}, {Knob::Standbys, 0}}};
}

/// The cluster and its clients alone, until so many events have happened.
void world_only(std::uint64_t seed, Measured& measured) {
    const Simulation simulation = simulation_of("baseline", seed);
    World world(world_options(simulation, knobs_of(simulation)));
    for (std::uint32_t i = 0; i < world.client_count(); ++i)
        world.client(i).set_workload(registers(16, i));
    world.run_until([&] { return world.events() >= simulation.events; }, simulation.safety_limit);
    measured.events += world.events();
    measured.commits += world.monitors().committed();
}

void whole(const char* scenario, std::uint64_t seed, Measured& measured) {
    const Outcome outcome = simulate(simulation_of(scenario, seed));
    if (outcome.verdict == Verdict::invalid) std::abort(); // then speed is of no interest
    measured.events += outcome.events;
    measured.commits += outcome.commits;
}

/// Four clients read and write one register: each operation is an event when it takes effect, and
/// one when its client hears of it.
class RegisterLoop {
public:
    explicit RegisterLoop(std::uint64_t seed)
        : rng_(seed), queue_(rng_.split("sched")), chooses_(rng_.split("client")) {}

    Record run(std::uint64_t events) {
        for (std::size_t client = 0; client < open_.size(); ++client)
            invoke(client);
        for (std::uint64_t i = 0; i < events; ++i)
            queue_.take([this](const Turn& turn) { happen(turn); });
        ops_.insert(ops_.end(), open_.begin(), open_.end());
        std::ranges::sort(ops_, {}, &faultlab::Op::inv_index);
        HistoryBuilder history;
        history.reserve(ops_.size());
        for (const faultlab::Op& op : ops_)
            history.add(op);
        return {.history = history.build()};
    }

private:
    struct Turn {
        std::size_t client = 0;
        bool answered = false;
    };

    void invoke(std::size_t client) {
        const bool reads = chooses_.chance(1, 2);
        faultlab::Op& op = open_[client];
        op = {.process = static_cast<std::int32_t>(client),
              .client = static_cast<std::int32_t>(client),
              .f = reads ? "read" : "write",
              .key = 0,
              .inv_index = index_++,
              .t_inv = queue_.now()};
        if (!reads) op.arg = ++written_;
        queue_.after(chooses_.between(1, 1000), Turn{.client = client});
    }

    void happen(const Turn& turn) {
        faultlab::Op& op = open_[turn.client];
        if (!turn.answered) {
            if (op.arg.is_absent())
                op.ret = register_;
            else
                register_ = op.arg;
            queue_.after(chooses_.between(1, 1000), Turn{.client = turn.client, .answered = true});
            return;
        }
        op.status = OpStatus::ok;
        op.ret_index = index_++;
        op.t_ret = queue_.now();
        ops_.push_back(std::exchange(op, {}));
        invoke(turn.client);
    }

    Rng rng_;
    EventQueue<Turn> queue_;
    Rng chooses_;
    Value register_;
    std::int64_t written_ = 0;
    Index index_ = 0;
    std::array<faultlab::Op, 4> open_;
    std::vector<faultlab::Op> ops_;
};

void register_loop(std::uint64_t seed, Measured& measured) {
    static const std::unique_ptr<Checker> checker =
        find_checker("linearizability").value()->make({{"model", "cas-register"}}).value();
    constexpr std::uint64_t events = 100;
    const Record record = RegisterLoop(seed).run(events);
    if (checker->check(record, {}).verdict != Verdict::valid) std::abort();
    measured.events += events;
}

} // namespace

int main(int argc, char** argv) {
    const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200;
    print("the world, of 5,000 events", measure(count, world_only));
    print("baseline, judged", measure(count, [](std::uint64_t seed, Measured& measured) {
              whole("baseline", seed, measured);
          }));
    print("combined, judged", measure(count, [](std::uint64_t seed, Measured& measured) {
              whole("combined", seed, measured);
          }));
    print("a register, judged", measure(50 * count, register_loop));
    return 0;
}
