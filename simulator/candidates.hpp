#pragma once

#include "simulator/simulation.hpp"

#include <span>
#include <string>
#include <vector>

/// What a simulation that is told by a script may be replaced with when it is to become smaller:
/// pure. Each candidate is less than what it came from, so that taking them comes to an end.
namespace faultlab::simulator {

/// With fewer replicas, the fewest first: the first ones, or others in their places. What was done
/// to those that are left out is left out.
[[nodiscard]] std::vector<Simulation> smaller_clusters(const Simulation& simulation);

/// Knobs that are not at what is plainest, with that.
[[nodiscard]] std::vector<Override> plainer_knobs(const Simulation& simulation);
[[nodiscard]] Simulation with_knobs(Simulation simulation, std::span<const Override> knobs);

/// The knob set to less, the least first: checkpoints more often, or fewer sessions that are
/// remembered, so that fewer operations come that far.
[[nodiscard]] std::vector<Override> smaller(const Simulation& simulation, Knob knob);

/// With sessions instead of the first operation of each client.
[[nodiscard]] Script with_sessions(Script script);

/// The same in the same order, and everything at another time.
[[nodiscard]] Script warped(const Script& script, Rng rng);

/// With places in the log that lie so many entries earlier: where what is written there is, once so
/// many entries less are.
[[nodiscard]] Script with_earlier_places(Script script, std::size_t entries);

/// With one fault that does less: on fewer links or replicas, to one kind of message, of a milder
/// kind, for a shorter time; or with two faults of a kind made one.
[[nodiscard]] std::vector<Script> weaker_faults(const Script& script);

/// With a lie that says less. It may then be another than the one that its rule is about, or be
/// true: only for who can tell.
[[nodiscard]] std::vector<Script> plainer_lies(const Script& script);

/// With operations that say less: on one key, plain writes and reads, of one client.
[[nodiscard]] std::vector<Script> plainer_operations(const Script& script);

/// With less time in which nothing is done.
[[nodiscard]] std::vector<Script> shorter_waits(const Script& script);

/// At round times, the roundest first.
[[nodiscard]] std::vector<Script> rounder_times(const Script& script);

/// Everything that a script does, a line each, in order of time.
[[nodiscard]] std::vector<std::string> told(const Script& script);

} // namespace faultlab::simulator
