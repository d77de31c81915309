#pragma once

#include "tests/unit/replica_protocol/cluster.hpp"

#include <fmt/format.h>

#include <functional>
#include <string>

namespace faultlab::simulator {

struct RandomRun {
    std::string story;   ///< what the seed drew, and how it ended
    std::string failure; ///< empty: good
    std::uint64_t completed = 0;
    Checksum effects; ///< of all replicas
};

/// The cluster that a seed draws.
inline WorldOptions draw_options(Rng rng) {
    constexpr std::array<std::uint8_t, 10> sizes{1, 2, 3, 3, 3, 4, 5, 5, 6, 7};
    WorldOptions options;
    options.voters = sizes[rng.below(sizes.size())];
    options.standbys = static_cast<std::uint8_t>(rng.chance(1, 4) ? rng.between(1, 2) : 0);
    options.clients = static_cast<std::uint8_t>(rng.between(1, 5));
    options.client.patience = rng.chance(1, 2) ? 0 : 400 * ms;
    if (rng.chance(1, 3)) options.reads = Reads::Lease;
    if (rng.chance(1, 4)) options.limits.pipeline = 1;
    if (rng.chance(1, 4)) options.limits.batch = 1;
    if (rng.chance(1, 4)) options.limits.clients = 3;
    if (rng.chance(1, 4)) options.limits.checkpoint_every = 4;
    if (rng.chance(1, 4)) options.admission = {.rate = 100, .burst = 4};
    if (rng.chance(1, 3)) options.network.delay_max = rng.between(1, 10) * ms;
    if (rng.chance(1, 3)) options.disk.sync_max = rng.between(1, 10) * ms;
    if (rng.chance(1, 8)) { // rings that do not wrap
        options.limits.slots = 1500;
        options.limits.message_bytes = 2048;
        options.limits.checkpoint_every = 740;
    }
    options.release = static_cast<std::uint32_t>(rng.between(oldest_release, newest_release));
    return options;
}

/// Two seconds of random faults under load, then none, and the cluster must converge, answer
/// everybody, and have told one story throughout.
inline RandomRun run_seed(std::uint64_t seed, std::function<void(const std::string&)> trace) {
    const Rng rng(seed);
    WorldOptions options = draw_options(rng.split("options"));
    options.seed = seed;
    options.trace = std::move(trace);
    const std::uint8_t voters = options.voters;
    World world(options);
    Nemesis nemesis(world, voters, rng.split("nemesis"));
    RandomRun run;
    const auto all_idle = [&] {
        for (std::size_t i = 0; i < world.client_count(); ++i) {
            if (!world.client(i).idle()) return false;
        }
        return true;
    };
    for (std::uint32_t i = 0; i < world.client_count(); ++i) {
        world.client(i).set_workload(registers(3, i));
    }
    nemesis.run_until(2 * s);
    world.run_for(2 * s);
    nemesis.heal();
    for (std::size_t i = 0; i < world.client_count(); ++i) {
        world.client(i).set_workload({});
        world.client(i).submit(read_op(0)); // whoever leads must show what it has
    }
    const bool answered = world.run_until(all_idle, 10 * s);
    const bool converged = answered && converges(world, 5 * s);
    for (std::size_t i = 0; i < world.client_count(); ++i) {
        run.completed += world.client(i).completed();
    }
    for (ReplicaId id = 1; id <= world.size(); ++id) {
        const Checksum of = world.effects(id);
        run.effects = chain(run.effects, std::as_bytes(std::span(&of, 1)));
    }
    const CheckResult verdict = world.linearizability();
    if (!world.violations().empty()) {
        run.failure = world.violations().front();
    } else if (!world.monitors().refusals().empty()) {
        run.failure = world.monitors().refusals().front();
    } else if (verdict.verdict != Verdict::valid) {
        run.failure = "linearizability: " + verdict.reason;
    } else if (!answered) {
        run.failure = "somebody is not answered";
    } else if (!converged) {
        run.failure = "does not converge";
    }
    run.story =
        fmt::format("seed {}: {} voters, {} troubles of {}; {} operations, {} events\n{}\n{}",
                    seed,
                    voters,
                    nemesis.troubles(),
                    nemesis.describe(),
                    run.completed,
                    world.events(),
                    run.failure,
                    world.describe());
    return run;
}

} // namespace faultlab::simulator
