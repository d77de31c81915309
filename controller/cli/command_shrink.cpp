// shrink: of a simulation that fails, what of it is needed.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/simulated_run.hpp"
#include "controller/cli/streams.hpp"
#include "core/store/run_reader.hpp"
#include "simulator/setup.hpp"
#include "simulator/shrink.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <vector>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;
using simulator::Shrunk;
using simulator::Simulation;
using simulator::Size;
using Clock = std::chrono::steady_clock;

Result<Simulation> simulation_of(const ShrinkCommand& command) {
    if (!command.run.empty()) {
        FAULTLAB_TRY(const RunDirectory run, find_run(command.common.lab, command.run));
        FAULTLAB_TRY(const Record record, load_record(run.run_db()));
        return simulator::simulation_of(record.plan);
    }
    if (!command.sim.seed) {
        return usage_error("what is to be shrunk was not said",
                           "faultlab shrink latest, or faultlab shrink --seed 0x2a --bug V5");
    }
    FAULTLAB_TRY(const simulator::Scenario* const scenario,
                 simulator::find_scenario(command.sim.scenario));
    return Simulation{.seed = *command.sim.seed,
                      .scenario = scenario,
                      .bugs = command.sim.bugs,
                      .overrides = command.sim.overrides,
                      .events = command.sim.events,
                      .script = command.sim.script};
}

std::string change(const char* what, std::uint64_t before, std::uint64_t after) {
    return fmt::format("  {:<11}{:>6} → {}\n", what, before, after);
}

void print(const Shrunk& shrunk, double took) {
    const simulator::Alarm& alarm = shrunk.outcome.alarms.front();
    say("{}: {}\n", alarm.by, alarm.what);
    const Size& after = shrunk.after;
    say("{}{}{}{}{}",
        change("faults", shrunk.before.faults, after.faults),
        change("operations", shrunk.before.operations, after.operations),
        after.sessions == 0 ? "" : change("sessions", shrunk.before.sessions, after.sessions),
        change("events", shrunk.before.events, after.events),
        change("nodes", shrunk.before.nodes, after.nodes));
    note("  {} simulations, {:.1f} s\n", shrunk.runs, took);
    say("what happens\n");
    for (const std::string& line : shrunk.story)
        say("{}\n", line);
    if (shrunk.complete) {
        say("each is needed: without it nothing like it was seen\n");
        for (const simulator::Needed& needed : shrunk.needed)
            say("  {:4} simulations without: {}\n", needed.runs, needed.what);
    } else {
        say("more might be left out: the budget was spent (--runs, --seconds)\n");
    }
    say("simulated {} times more, {} the same to the bit", simulator::repeats, shrunk.repeated);
    if (shrunk.simulation.bugs.any())
        say("; without the planted bugs {}",
            shrunk.without_bugs ? "nothing is wrong" : "also wrong");
    say("\n");
}

Json tree_of(const Size& size) {
    return {{"faults", size.faults},
            {"operations", size.operations},
            {"sessions", size.sessions},
            {"events", size.events},
            {"nodes", size.nodes}};
}

Json tree_of(const Shrunk& shrunk, double took, const std::string& run) {
    Json needed = Json::array();
    for (const simulator::Needed& one : shrunk.needed)
        needed.push_back({{"what", one.what}, {"simulations_without", one.runs}});
    return {{"schema", "faultlab.shrink/1"},
            {"scenario", shrunk.simulation.scenario->name},
            {"seed", fmt::format("{:#x}", shrunk.simulation.seed)},
            {"bugs", simulator::text(shrunk.simulation.bugs)},
            {"by", shrunk.signature.by},
            {"what", shrunk.outcome.alarms.front().what},
            {"before", tree_of(shrunk.before)},
            {"after", tree_of(shrunk.after)},
            {"minimal", shrunk.complete},
            {"needed", needed},
            {"story", shrunk.story},
            {"script", simulator::text(*shrunk.simulation.script)},
            {"reproduce", simulator::reproduction(shrunk.simulation)},
            {"simulations", shrunk.runs},
            {"seconds", took},
            {"repeated", shrunk.repeated},
            {"valid_without_bugs", shrunk.without_bugs},
            {"run", run}};
}

} // namespace

int execute(const ShrinkCommand& command) {
    const auto simulation = simulation_of(command);
    if (!simulation) return fail(command.common, simulation.error());
    const auto start = Clock::now();
    const auto seconds = [start] {
        return std::chrono::duration<double>(Clock::now() - start).count();
    };
    simulator::ShrinkOptions options{.runs_most = command.runs_most};
    if (command.seconds_most > 0) options.enough = [&] { return seconds() > command.seconds_most; };
    options.progress = [](const std::string& line) { note("  {}\n", line); };
    auto shrunk = simulator::shrink(*simulation, options);
    if (!shrunk) return fail(command.common, shrunk.error());
    const double took = seconds();
    std::vector<int> codes{exit_violation};
    std::string run;
    if (const auto stored = store_simulated_run(command.common, {}, shrunk->outcome.record)) {
        run = run_arguments(command.common.lab, *stored);
    } else {
        codes.push_back(note_error(stored.error()));
    }
    if (command.common.json) {
        say("{}\n", tree_of(*shrunk, took, run).dump(2));
    } else {
        print(*shrunk, took);
        say("again    {}\n", simulator::reproduction(shrunk->simulation));
        if (!run.empty()) say("kept     faultlab explain {}\n", run);
    }
    return combined_exit_code(codes);
}

} // namespace faultlab
