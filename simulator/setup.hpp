#pragma once

#include "core/plan.hpp"
#include "core/result.hpp"
#include "simulator/simulation.hpp"

namespace faultlab::simulator {

/// The knobs of a simulation: drawn, then as its scenario has them, then as the user has them.
[[nodiscard]] Knobs knobs_of(const Simulation& simulation);
/// Of delays, and of everything else that is drawn while a world goes on.
[[nodiscard]] std::uint64_t seed_of_draws(const Simulation& simulation);

/// Of an entry of the log, whatever the knobs are.
constexpr std::uint32_t slot_bytes = 3584;

// What the knobs mean.
[[nodiscard]] WorldOptions world_options(const Simulation& simulation, const Knobs& knobs);
[[nodiscard]] NemesisOptions nemesis_options(const Knobs& knobs);
/// The plan that its record has. It says all that the simulation depends on but `trace`, and what
/// is only about the outcome.
[[nodiscard]] Plan plan_of(const Simulation& simulation, const Knobs& knobs);
/// The simulation of which this is the plan. A usage error: it is not one of a simulation, or of
/// one that this simulator does not know.
Result<Simulation> simulation_of(const Plan& plan);

} // namespace faultlab::simulator
