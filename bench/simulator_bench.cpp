// How fast clusters are simulated, in one thread: three replicas, header checksums, the storage
// model and all monitors. An event is a message, the end of a disk's operation or a client's
// request that a replica was given; timers count for nothing.

#include "simulator/setup.hpp"
#include "simulator/simulation.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>

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
    fmt::print("{:<28} {:>10.0f} events/s  {:>6.0f} simulations/s  one commit in {:.1f} events\n",
               what,
               per_second(measured.events),
               per_second(measured.simulations),
               static_cast<double>(measured.events) / static_cast<double>(measured.commits));
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
    return 0;
}
