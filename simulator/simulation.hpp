#pragma once

#include "core/checker.hpp"
#include "core/record.hpp"
#include "core/verdict.hpp"
#include "simulator/scenario.hpp"
#include "simulator/script.hpp"
#include "simulator/simbugs.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace faultlab::simulator {

/// All that a simulation depends on.
struct Simulation {
    std::uint64_t seed = 1;
    const Scenario* scenario = nullptr; ///< required
    BugSet bugs;
    std::vector<Override> overrides; ///< of the drawn knobs
    /// In the safety phase; up to three times as many where little was committed.
    std::uint64_t events = 5'000;
    Nanos safety_limit = 120 * second;  ///< of its virtual time
    Nanos liveness_limit = 60 * second; ///< for each thing then; above all bounds of rules
    std::function<void(const std::string&)> trace; ///< one line for whatever happens; may be empty
    /// What is done and asked for, instead of what the scenario does and the workload asks. The
    /// scenario still says how the cluster is set up, and `events` counts for nothing.
    std::optional<Script> script = std::nullopt;
    bool writes_script = false; ///< the outcome has a script of all that was done and asked for
    /// Nothing is judged but what monitors see while clients work: cheap, and enough for who looks
    /// for that.
    bool only_safety = false;
    /// Planted in the simulator itself, to see whether its audits catch it.
    SimBug simbug = SimBug::None;
    std::function<std::uint64_t()> outside = {}; ///< what no seed decides, for that; may be empty
};

/// Something that is wrong, by the name of the monitor or checker that says so.
struct Alarm {
    std::string by;   ///< "S14", "L1", "linearizability"
    std::string what; ///< one sentence
};

/// Something that is wrong because somebody lied, and that the protocol does not promise to
/// prevent.
struct Aside {
    std::string by;
    std::string what;
    std::string why; ///< nobody could prevent it
};

struct Outcome {
    Verdict verdict = Verdict::unknown;
    std::string reason; ///< of unknown: why this proves nothing
    /// Of the simulator itself. Where they saw a mistake, the verdict is unknown, and whatever else
    /// is said here is not to be trusted.
    Audits audits;
    std::uint64_t simbug_fired = 0; ///< how often the planted mistake was made
    std::vector<Alarm> alarms;      ///< of invalid, the first one first
    /// Outside the model, as the scenario claims it. The simulation ends there: what follows would
    /// be its consequence.
    std::vector<Aside> outside;
    Knobs knobs;
    std::uint64_t events = 0;
    std::uint64_t commits = 0;
    Nanos simulated = 0;
    Checksum chain; ///< of all that happened: the same for the same simulation, everywhere
    Counters counters;
    std::vector<std::uint64_t> judged; ///< how often each rule of the catalogue was
    std::optional<Script> script;      ///< where one was asked for: of the safety phase
    Nanos alarmed = -1;                ///< when a monitor saw the first thing wrong; -1: none did
    /// As of a real run, judged by the same checkers.
    Record record;
};

/// Runs a whole cluster and its clients in virtual time: pure. First safety: clients work while the
/// scenario breaks things. Then liveness: a random core of the replicas, enough to change the view,
/// is healed, the others are frozen as they are or worse; within a bound all requests are answered
/// and the core is of one mind. Last the others are healed, catch up, and everything is read.
[[nodiscard]] Outcome simulate(const Simulation& simulation);

/// Its chain, in 32 hexadecimal digits.
[[nodiscard]] std::string chain_text(const Outcome& outcome);

/// The checkers of a simulation's record.
[[nodiscard]] std::vector<CheckerRequest> checkers();

/// The command that runs it again, with a readable log.
[[nodiscard]] std::string reproduction(const Simulation& simulation);

/// "V11,F6a": the bugs that are on.
[[nodiscard]] std::string text(const BugSet& bugs);

} // namespace faultlab::simulator
