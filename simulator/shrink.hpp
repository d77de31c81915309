#pragma once

#include "core/result.hpp"
#include "simulator/simulation.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace faultlab::simulator {

/// What is wrong with a simulation, so that two of them can be said to show the same.
struct Signature {
    std::string by;    ///< the rule or checker that saw it first
    std::string shape; ///< of a rule: its sentence without numbers
    friend bool operator==(const Signature&, const Signature&) = default;
};
[[nodiscard]] Signature signature_of(const Alarm& alarm);

struct ShrinkOptions {
    std::uint64_t runs_most = 20'000;
    /// Asked before each run; true ends the search, with the least that was found. May be empty.
    std::function<bool()> enough;
    /// One line whenever something was left out. May be empty.
    std::function<void(const std::string&)> progress;
};

/// How much somebody has to read.
struct Size {
    std::uint64_t faults = 0;
    std::uint64_t operations = 0;
    std::uint64_t sessions = 0; ///< that are begun before anything is asked for
    std::uint64_t events = 0;
    std::uint64_t nodes = 0;
};

/// A part of what is left, and what became of the simulation without it.
struct Needed {
    std::string what;
    std::uint64_t runs = 0; ///< without it, each with other delays; none showed the same
};

struct Shrunk {
    Signature signature;
    Simulation simulation; ///< the small one
    Outcome outcome;       ///< of it
    Size before;
    Size after;
    std::uint64_t runs = 0;         ///< of all candidates
    bool complete = false;          ///< nothing more was to be tried; false: the budget was spent
    std::vector<std::string> story; ///< in order, for people
    std::vector<Needed> needed; ///< where complete: every fault and every operation that is left
    std::uint64_t repeated = 0; ///< of `repeats` further runs so many were the same to the bit
    bool without_bugs = true;   ///< without planted bugs nothing is wrong
};
constexpr std::uint64_t repeats = 20;

/// Makes a simulation that shows something wrong as small as it can while it shows the same. Every
/// candidate is simulated, and counts only by what it shows. A function of the simulation and the
/// budget of runs. An error when nothing is wrong with it, or not again once its faults and
/// operations are told one by one.
Result<Shrunk> shrink(const Simulation& simulation, const ShrinkOptions& options);

} // namespace faultlab::simulator
