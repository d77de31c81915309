#pragma once

#include "simulator/simulation.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The kill matrix: how much work it takes to find each planted bug, from nothing but seeds.
namespace faultlab::simulator {

/// What is looked for.
struct Quarry {
    std::string_view bugs; ///< one, or several that do harm only together: "F6a,F6b"
    /// The scenario that was made for what it takes.
    std::string_view scenario;
};

/// Every planted bug of the embedded store, in its order, then the pairs.
[[nodiscard]] std::span<const Quarry> quarries();

/// One square: a way to look for something.
struct Cell {
    BugSet bugs;
    const Scenario* scenario = nullptr; ///< the swarm, or the bug's own
    std::uint8_t voters = 3;
};

/// How long a search goes on.
struct Patience {
    std::uint64_t simulations = 100'000; ///< of one trial
    std::uint64_t events = 5'000;        ///< of each simulation
    /// Asked after each simulation: whether to give up, for lack of time.
    std::function<bool()> over;
};

/// One search from scratch.
struct Trial {
    std::uint64_t number = 0; ///< from 0; its seeds follow from it
    bool found = false;
    std::uint64_t simulations = 0; ///< the one that found it included
    std::uint64_t events = 0;      ///< of all of them
    std::uint64_t seed = 0;        ///< of the one that found it
    std::string by;                ///< what saw it first there: "S14", "linearizability"
};

/// Simulates seed after seed until something is wrong. Trials of one number have the same seeds in
/// every cell, so that cells differ by what they look for, not by luck.
[[nodiscard]] Trial hunt(const Cell& cell, std::uint64_t number, const Patience& patience);

/// Trials before it is known how hard it is; and of what is not hard.
inline constexpr std::size_t first_trials = 5;
inline constexpr std::size_t all_trials = 30;
/// Median simulations up to which more trials are worth their time.
inline constexpr std::uint64_t easy = 2'000;

/// How many trials a cell should have, after these.
[[nodiscard]] std::size_t trials_wanted(std::span<const Trial> trials);

/// What some trials say.
struct Tally {
    std::size_t trials = 0;
    std::size_t found = 0;
    /// Of simulations and events until it was found: the middle one, and the one that nine of ten
    /// do not exceed. Nothing where that trial did not find it.
    std::optional<std::uint64_t> median;
    std::optional<std::uint64_t> ninth_decile;
    std::optional<std::uint64_t> median_events;
    std::uint64_t tried = 0; ///< simulations of the longest trial that found nothing
    std::string by;          ///< what saw it first most often
};
[[nodiscard]] Tally tally(std::span<const Trial> trials);

} // namespace faultlab::simulator
