#include "controller/cli/simulation_arguments.hpp"

#include "controller/cli/exit_codes.hpp"
#include "core/catalogue.hpp"
#include "core/units.hpp"
#include "simulator/matrix.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

namespace faultlab {
namespace {

Result<simulator::Script> read_script(const std::string& given) {
    std::error_code error;
    std::ostringstream text;
    if (std::filesystem::is_regular_file(given, error)) {
        text << std::ifstream(given, std::ios::binary).rdbuf();
    } else {
        text << given;
    }
    FAULTLAB_TRY(simulator::Script script, simulator::parse_script(text.str()));
    FAULTLAB_DO(simulator::check_playable(script));
    return script;
}

Result<replica::BugSet> read_bugs(std::string_view list) {
    const replica::ParsedBugs bugs = replica::parse_bugs(list);
    if (!bugs.unknown) return bugs.bugs;
    std::vector<std::string> ids;
    for (const replica::BugEntry& entry : replica::bugs())
        ids.emplace_back(entry.id);
    return unknown_name("bug", *bugs.unknown, ids);
}

} // namespace

void add_common(CLI::App& app, Common& common) {
    app.add_option("--lab", common.lab, "directory of runs and of their index")
        ->envname("FAULTLAB_LAB")
        ->capture_default_str();
    app.add_flag("--json", common.json, "one JSON object on standard output");
}

std::uint64_t random_seed() {
    std::random_device entropy;
    return (std::uint64_t{entropy()} << 32U) | entropy();
}

Result<SimCommand> SimulationArguments::read_sim(SimCommand command, const RawSim& raw) {
    FAULTLAB_TRY(command.bugs, read_bugs(raw.bugs));
    if (!raw.simbug.empty()) {
        FAULTLAB_TRY(const simulator::SimBugEntry* const simbug,
                     simulator::find_simbug(raw.simbug));
        command.simbug = simbug->bug;
    }
    if (raw.nodes > 0) command.overrides.emplace_back(simulator::Knob::Voters, raw.nodes);
    for (const std::string& text : raw.knobs) {
        FAULTLAB_TRY(const simulator::Override knob, simulator::parse_override(text));
        command.overrides.push_back(knob);
    }
    if (!raw.script.empty()) {
        if (raw.seed.empty())
            return usage_error("a script is of one simulation", "--seed 0x2a --script FILE");
        FAULTLAB_TRY(command.script, read_script(raw.script));
    }
    command.first_seed = random_seed();
    if (!raw.first.empty()) {
        FAULTLAB_TRY(command.first_seed, parse_seed(raw.first));
    }
    if (raw.seed.empty()) return command;
    FAULTLAB_TRY(command.seed, parse_seed(raw.seed));
    return command;
}

Result<MatrixCommand> SimulationArguments::read_matrix(MatrixCommand command,
                                                       const RawMatrix& raw) {
    FAULTLAB_TRY(const Nanos time, parse_duration(raw.time));
    command.seconds_a_square = static_cast<double>(time) / second;
    std::vector<std::string> rows;
    for (const simulator::Quarry& quarry : simulator::quarries())
        rows.emplace_back(quarry.bugs);
    for (std::string_view rest = raw.only; !rest.empty();) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        const std::string row(rest.substr(0, end));
        if (std::ranges::find(rows, row) == rows.end()) return unknown_name("row", row, rows);
        command.only.push_back(row);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return command;
}

/// What one simulation is.
void SimulationArguments::add_simulation(CLI::App& app, SimCommand& sim, RawSim& raw) {
    app.add_option(
           "--scenario", sim.scenario, "what goes wrong (faultlab list scenarios), or 'all'")
        ->capture_default_str();
    app.add_option("--seed", raw.seed, "only the simulation of this seed");
    app.add_option("--bug", raw.bugs, "bugs to plant, separated by commas (faultlab list bugs)");
    app.add_option("--nodes", raw.nodes, "replicas that vote [drawn, mostly 3]")
        ->check(CLI::Range(1, 7));
    app.add_option("--events", sim.events, "of each simulation before all is healed")
        ->check(CLI::Range(1, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--knob", raw.knobs, "NAME=VALUE instead of what is drawn; may be repeated")
        ->take_all();
    app.add_option("--script",
                   raw.script,
                   "with --seed: a file, or the text itself, that tells every fault and operation "
                   "(faultlab shrink prints one)");
}

void SimulationArguments::add_sim(CLI::App& line) {
    CLI::App& app = *line.add_subcommand("sim", "simulate the embedded store, many times over");
    SimCommand& sim = sim_;
    RawSim& raw = raw_sim_;
    add_simulation(app, sim, raw);
    app.add_option("--iterations", sim.iterations, "simulations a scenario")->capture_default_str();
    app.add_option("--from", raw.first, "seed of the first one; they count up [random, printed]");
    app.add_flag("-v,--verbose", sim.verbose, "with --seed: every event, a line each");
    app.add_option("--simbug",
                   raw.simbug,
                   "a mistake to plant in the simulator itself (faultlab list simbugs)");
    app.add_option(
        "--write-script",
        sim.write_script,
        "with --seed: all its faults and operations, to be changed and given to --script");
    app.add_option("--jobs", sim.jobs, "threads; the outcome does not depend on them")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_flag("--stop-on-first", sim.stop_on_first, "end with the first failure");
    add_common(app, sim.common);
    app.footer(
        "first: faultlab sim                        a hundred random clusters, no bug planted\n"
        "then:  faultlab sim --bug V5               is a planted mistake found? it prints the "
        "seed\n"
        "       faultlab sim --seed 0x2a --bug V5 -v    that very cluster, event by event\n"
        "       faultlab sim --scenario all         every scenario, each with its proofs");
    add_audit(app);
    add_self_test(app);
    add_matrix(app);
    add_mc(app);
    app.callback([this, &app] {
        if (!app.get_subcommands().empty()) return; // it has chosen
        *chosen_ = [this] {
            auto command = read_sim(sim_, raw_sim_);
            return command ? execute(*command) : fail(sim_.common, command.error());
        };
    });
}

void SimulationArguments::add_shrink(CLI::App& line) {
    CLI::App& app =
        *line.add_subcommand("shrink", "make a simulation that fails as small as it can be");
    ShrinkCommand& shrink = shrink_;
    app.add_option("run",
                   shrink.run,
                   "a run that faultlab sim kept: its id or the start of it, 'latest', a "
                   "directory, a run.db; or else --seed says which simulation");
    add_simulation(app, shrink.sim, raw_shrink_);
    app.add_option("--runs", shrink.runs_most, "simulations that it may take")
        ->check(CLI::Range(1, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--seconds", shrink.seconds_most, "time that it may take; 0: any")
        ->check(CLI::Range(0.0, 1e9))
        ->capture_default_str();
    add_common(app, shrink.common);
    app.footer("first: faultlab sim --bug V5           it keeps the first failure as a run\n"
               "then:  faultlab shrink latest          what of it is needed, and nothing else\n"
               "       faultlab shrink --seed 0x2a --bug V5    the same of any seed\n"
               "Faults and operations are left out, weakened and moved as long as the same rule\n"
               "is broken in the same way. Every candidate is simulated. The result is the same\n"
               "for the same simulation and --runs (unless --seconds ended it).");
    app.callback([this] {
        *chosen_ = [this] {
            auto sim = read_sim(shrink_.sim, raw_shrink_);
            if (!sim) return fail(shrink_.common, sim.error());
            shrink_.sim = *sim;
            return execute(shrink_);
        };
    });
}

void SimulationArguments::add_audit(CLI::App& sim) {
    CLI::App& app =
        *sim.add_subcommand("audit", "whether simulations depend on nothing but their seed");
    AuditCommand& audit = audit_;
    app.add_option("--scenario", audit.scenario, "a scenario, or 'all'")->capture_default_str();
    app.add_option("--iterations", audit.iterations, "simulations a scenario, each twice")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--from", audit.first_seed, "seed of the first one; they count up")
        ->capture_default_str();
    app.add_option("--events", audit.events, "of each simulation before all is healed")
        ->check(CLI::Range(1, 1'000'000'000))
        ->capture_default_str();
    app.add_option("--against", audit.against, "what another build of faultlab printed");
    add_common(app, audit.common);
    app.footer(
        "Prints each simulation with the hash of all that happened in it. Exit code 70 when\n"
        "two of one seed differ: then no other word of the simulator is to be trusted.\n"
        "first: faultlab sim audit\n"
        "then:  other/faultlab sim audit > chains.txt && faultlab sim audit --against "
        "chains.txt");
    app.callback([this] { *chosen_ = [this] { return execute(audit_); }; });
}

void SimulationArguments::add_mc(CLI::App& sim) {
    CLI::App& app = *sim.add_subcommand("mc", "all schedules of a small cluster, up to a depth");
    simulator::Bounds& bounds = mc_.bounds;
    app.add_option("--nodes", bounds.voters, "replicas")
        ->check(CLI::IsMember({3, 5}))
        ->capture_default_str();
    app.add_option("--operations", bounds.operations, "of clients, at most")
        ->check(CLI::Range(0, 3))
        ->capture_default_str();
    app.add_option("--faults", bounds.faults, "late and repeated messages, restarts, at most")
        ->check(CLI::Range(0, 4))
        ->capture_default_str();
    app.add_option("--views", bounds.views, "views that may be wanted, one after the other")
        ->check(CLI::Range(0, 4))
        ->capture_default_str();
    app.add_option("--depth", bounds.depth, "actions, one after the other")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--states", bounds.states, "gives up after so many, about 200 bytes each")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{4'000'000'000}))
        ->capture_default_str();
    app.add_option("--bug", mc_bugs_, "bugs to plant, separated by commas (list bugs)");
    add_common(app, mc_.common);
    app.footer("Says so when the states are too many for the depth (exit code 2).\n"
               "first: faultlab sim mc --depth 8\n"
               "then:  faultlab sim mc --bug T2 --faults 1\n"
               "       faultlab sim mc --bug F6 --faults 0 --depth 12");
    app.callback([this] {
        *chosen_ = [this] {
            const auto bugs = read_bugs(mc_bugs_);
            if (!bugs) return fail(mc_.common, bugs.error());
            mc_.bugs = *bugs;
            return execute(mc_);
        };
    });
}

void SimulationArguments::add_self_test(CLI::App& sim) {
    CLI::App& app = *sim.add_subcommand("self-test", "whether the simulator's own mistakes show");
    SelfTestCommand& command = self_test_;
    app.add_option("--simbug", command.only, "this mistake only (faultlab list simbugs)");
    app.add_option("--iterations", command.iterations, "simulations for each mistake")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--jobs", command.jobs, "threads; the outcome does not depend on them")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    add_common(app, command.common);
    app.footer("Plants each mistake in the simulator, never in the store, and says which audit\n"
               "catches it; then simulates without any, where no audit may see one. Exit code 1\n"
               "when a mistake is not caught, or one is seen where none is.");
    app.callback([this] { *chosen_ = [this] { return execute(self_test_); }; });
}

void SimulationArguments::add_matrix(CLI::App& sim) {
    CLI::App& app =
        *sim.add_subcommand("matrix", "how much work it takes to find each planted bug");
    MatrixCommand& matrix = matrix_;
    app.add_option("--bug", raw_matrix_.only, "these rows only, separated by semicolons")
        ->type_name("ID[,ID][;…]");
    app.add_option("--simulations", matrix.simulations, "most of one search")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--time", raw_matrix_.time, "for all searches of one square together")
        ->capture_default_str();
    app.add_option("--trials", matrix.trials, "most searches of one square")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--jobs", matrix.jobs, "threads; what is found does not depend on them")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_flag("--render", matrix.render_only, "search no further, show what is there");
    app.add_option("--store", matrix.store, "file of the searches [matrix.jsonl in the lab]");
    app.add_option("--html", matrix.html, "writes a page");
    app.add_option("--markdown", matrix.markdown, "writes a page of the documentation");
    add_common(app, matrix.common);
    app.footer(
        "Each bug is looked for by the swarm and by its own scenario, with 3 and 5 replicas: 5\n"
        "searches from scratch each, 30 where half of them needed fewer than 2,000 simulations.\n"
        "What was found is kept: the same command goes on where it was stopped.\n"
        "first: faultlab sim matrix --bug V9 --time 10s\n"
        "then:  faultlab sim matrix --bug 'B5;F6a,F6b' --time 2m\n"
        "       faultlab sim matrix --html matrix.html      all of it: hours");
    app.callback([this] {
        *chosen_ = [this] {
            auto command = read_matrix(matrix_, raw_matrix_);
            return command ? execute(*command) : fail(matrix_.common, command.error());
        };
    });
}

void SimulationArguments::add_to(CLI::App& app, std::function<int()>& chosen) {
    chosen_ = &chosen;
    add_sim(app);
    add_shrink(app);
}

} // namespace faultlab
