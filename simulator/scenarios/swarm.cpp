// Everything at once, and nothing at all.

#include "simulator/scenarios/families.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace faultlab::simulator {

void only_its_own_faults(Knobs& knobs) {
    knobs.calm();
    knobs.set(Knob::Voters, std::max<std::int64_t>(knobs[Knob::Voters], 3));
}

void short_logs(Knobs& knobs) {
    only_its_own_faults(knobs);
    knobs.set(Knob::Slots, 32);
    knobs.set(Knob::CheckpointEvery, 12);
}

namespace {

void as_drawn(Knobs&) {}

void calm(Knobs& knobs) {
    knobs.calm();
}

void random_faults(Stage& stage) {
    stage.nemesis().run_until(std::numeric_limits<Nanos>::max());
}

constexpr std::array baseline_proofs = {Proof{counter::commits, 10'000, "operations are committed"},
                                        Proof{counter::checkpoints, 100, "checkpoints are made"}};

constexpr std::array combined_proofs = {Proof{counter::commits, 5'000, "operations are committed"},
                                        Proof{counter::faults, 200, "faults take effect"},
                                        Proof{counter::views, 50, "the view changes"},
                                        Proof{counter::checkpoints, 50, "checkpoints are made"}};

constexpr std::array scenarios = {
    Scenario{.id = "SC01",
             .name = "baseline",
             .summary = "no faults: what throughput and the number of messages are compared with",
             .prepare = calm,
             .play = nullptr,
             .proofs = baseline_proofs},
    Scenario{.id = "SC06",
             .name = "combined",
             .summary = "a swarm: a random subset of all kinds of faults, weighted at random",
             .prepare = as_drawn,
             .play = random_faults,
             .proofs = combined_proofs}};

} // namespace

std::span<const Scenario> swarm_scenarios() {
    return scenarios;
}

} // namespace faultlab::simulator
