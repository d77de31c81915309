#include "simulator/matrix.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <map>

namespace faultlab::simulator {
namespace {

/// More than a trial may take, so that no two have a seed in common.
constexpr std::uint64_t seeds_a_trial = 1'000'000;

/// The value at this place of the sorted ones, if the search that has this place came to an end.
std::optional<std::uint64_t> at(std::vector<std::uint64_t> found, std::size_t place) {
    if (place >= found.size()) return std::nullopt;
    std::ranges::sort(found);
    return found[place];
}

} // namespace

Trial hunt(const Cell& cell, std::uint64_t number, const Patience& patience) {
    FAULTLAB_CHECK(patience.simulations <= seeds_a_trial);
    Trial trial{.number = number};
    while (trial.simulations < patience.simulations) {
        const Simulation simulation{.seed = number * seeds_a_trial + trial.simulations,
                                    .scenario = cell.scenario,
                                    .bugs = cell.bugs,
                                    .overrides = {{Knob::Voters, cell.voters}},
                                    .events = patience.events};
        const Outcome outcome = simulate(simulation);
        ++trial.simulations;
        trial.events += outcome.events;
        if (outcome.verdict == Verdict::invalid) {
            trial.found = true;
            trial.seed = simulation.seed;
            trial.by = outcome.alarms.front().by;
            break;
        }
        if (patience.over && patience.over()) break;
    }
    return trial;
}

std::size_t trials_wanted(std::span<const Trial> trials) {
    if (trials.size() < first_trials) return first_trials;
    const Tally said = tally(trials.first(first_trials));
    return said.median && *said.median < easy ? all_trials : first_trials;
}

Tally tally(std::span<const Trial> trials) {
    Tally said{.trials = trials.size()};
    std::vector<std::uint64_t> simulations;
    std::vector<std::uint64_t> events;
    std::map<std::string, std::size_t> seen_by;
    for (const Trial& trial : trials) {
        if (trial.found) {
            simulations.push_back(trial.simulations);
            events.push_back(trial.events);
            ++seen_by[trial.by];
        } else {
            said.tried = std::max(said.tried, trial.simulations);
        }
    }
    said.found = simulations.size();
    if (trials.empty()) return said;
    // A search that found nothing would have gone on for longer than those that did.
    const std::size_t middle = (trials.size() - 1) / 2;
    said.median = at(simulations, middle);
    said.median_events = at(events, middle);
    said.ninth_decile = at(simulations, (9 * trials.size() + 9) / 10 - 1);
    const auto most = std::ranges::max_element(seen_by, {}, [](const auto& e) { return e.second; });
    if (most != seen_by.end()) said.by = most->first;
    return said;
}

} // namespace faultlab::simulator
