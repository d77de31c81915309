#include "controller/cli/arguments.hpp"

#include "controller/campaign/units.hpp"
#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/version.hpp"
#include "core/catalogue.hpp"
#include "core/options.hpp"
#include "simulator/matrix.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

namespace faultlab {
namespace {

/// The text of options that are parsed by our own readers after CLI11 is done.
struct RawRun {
    std::string faults;
    std::string seed;
    std::string time = "30s";
    std::string op_timeout = "5s";
    std::string hosts = "local";
    std::string bugs;
    std::vector<std::string> options;
    std::vector<std::string> floor;
};
struct RawSim {
    std::string bugs;
    std::string simbug;
    std::string seed;
    std::string first;
    std::int64_t nodes = 0;
    std::vector<std::string> knobs;
    std::string script; ///< itself, or a file that has it
};
struct RawMatrix {
    std::string only;
    std::string time = "20m";
};
struct RawLimits {
    std::string timeout = "120s";
    std::int64_t memory_mib = 2048;
};

void add_common(CLI::App& app, Common& common) {
    app.add_option("--lab", common.lab, "directory of runs and of their index")
        ->envname("FAULTLAB_LAB")
        ->capture_default_str();
    app.add_flag("--json", common.json, "one JSON object on standard output");
}

void add_limits(CLI::App& app, RawLimits& raw) {
    app.add_option("--timeout", raw.timeout, "time for checking; spent means unknown")
        ->capture_default_str();
    app.add_option("--memory", raw.memory_mib, "memory for checking, MiB; spent means unknown")
        ->check(CLI::Range(16, 1 << 20))
        ->capture_default_str();
}

Result<CheckLimits> read_limits(const RawLimits& raw) {
    FAULTLAB_TRY(const Nanos timeout, parse_duration(raw.timeout));
    return CheckLimits{.timeout = timeout, .memory_bytes = raw.memory_mib << 20};
}

Result<Options> read_assignments(const std::vector<std::string>& texts) {
    Options options;
    for (const std::string& text : texts) {
        FAULTLAB_TRY(auto assignment, parse_assignment(text));
        options[assignment.first] = assignment.second;
    }
    return options;
}

std::uint64_t random_seed() {
    std::random_device entropy;
    return (std::uint64_t{entropy()} << 32U) | entropy();
}

Result<RunCommand> read_run(RunCommand command, const RawRun& raw, const RawLimits& limits) {
    RunRequest& request = command.request;
    if (raw.hosts != "local") {
        return usage_error(fmt::format("--hosts cannot be '{}'", raw.hosts), "one of: local");
    }
    if (raw.faults == "none") {
        request.nemeses.clear();
    } else if (!raw.faults.empty()) {
        request.nemeses = split_list(raw.faults);
    }
    if (raw.seed.empty()) {
        request.seed = random_seed();
    } else {
        FAULTLAB_TRY(request.seed, parse_seed(raw.seed));
    }
    FAULTLAB_TRY(request.duration, parse_duration(raw.time));
    FAULTLAB_TRY(request.op_timeout, parse_duration(raw.op_timeout));
    FAULTLAB_TRY(request.options, read_assignments(raw.options));
    if (!raw.bugs.empty()) request.options["bug"] = raw.bugs;
    FAULTLAB_TRY(request.floor, read_assignments(raw.floor));
    FAULTLAB_TRY(command.limits, read_limits(limits));
    return command;
}

Result<simulator::Script> read_script(const std::string& given) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(given, error)) return simulator::parse_script(given);
    std::ostringstream text;
    text << std::ifstream(given, std::ios::binary).rdbuf();
    return simulator::parse_script(text.str());
}

Result<replica::BugSet> read_bugs(std::string_view list) {
    const replica::ParsedBugs bugs = replica::parse_bugs(list);
    if (!bugs.unknown) return bugs.bugs;
    std::vector<std::string> ids;
    for (const replica::BugEntry& entry : replica::bugs())
        ids.emplace_back(entry.id);
    return unknown_name("bug", *bugs.unknown, ids);
}

Result<SimCommand> read_sim(SimCommand command, const RawSim& raw) {
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

Result<MatrixCommand> read_matrix(MatrixCommand command, const RawMatrix& raw) {
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

/// Holds what the command line was read into until the chosen command is carried out.
struct CommandLine {
    CLI::App app{"faultlab tests replicated systems under faults, and proves what it finds."};
    RunCommand run;
    RawRun raw_run;
    SimCommand sim;
    RawSim raw_sim;
    AuditCommand audit;
    SelfTestCommand self_test;
    MatrixCommand matrix;
    RawMatrix raw_matrix;
    McCommand mc;
    std::string mc_bugs; ///< raw
    ShrinkCommand shrink;
    RawSim raw_shrink;
    RawLimits raw_limits;
    std::vector<std::string> check_options; ///< raw
    ReplayCommand replay;
    CheckCommand check;
    ExplainCommand explain;
    ReportCommand report;
    ExportCommand export_run;
    SqlCommand sql;
    ListCommand list;
    DescribeCommand describe;
    ReplayNodeCommand replay_node;
    DoctorCommand doctor;
    std::function<int()> chosen;
};

/// Carries out a command whose check limits have to be read first.
template <class Command>
int with_limits(Command command, const RawLimits& raw) {
    auto limits = read_limits(raw);
    if (!limits) return fail(command.common, limits.error());
    command.limits = *limits;
    return execute(command);
}

void add_run(CommandLine& line) {
    CLI::App& app = *line.app.add_subcommand("run", "run a system under faults, check it, report");
    RunRequest& request = line.run.request;
    RawRun& raw = line.raw_run;
    app.add_option("system", request.system, "system under test (faultlab list systems)")
        ->capture_default_str();
    app.add_option("-w,--workload", request.workload, "what clients do")->capture_default_str();
    app.add_option("-f,--faults",
                   raw.faults,
                   "kinds of faults, separated by commas, or 'none' "
                   "[partition,kill,pause]");
    app.add_option("--seed", raw.seed, "decides everything that is drawn [random, printed]");
    app.add_option("--time", raw.time, "how long clients run")->capture_default_str();
    app.add_option("--nodes", request.nodes, "replicas")->capture_default_str();
    app.add_option("--workers", request.workers_per_node, "clients a node")->capture_default_str();
    app.add_option("--rate", request.rate, "operations a second over all clients; 0: closed loop")
        ->capture_default_str();
    app.add_option("--op-timeout", raw.op_timeout, "after it an operation's outcome is unknown")
        ->capture_default_str();
    app.add_option("--option",
                   raw.options,
                   "NAME=VALUE for system or workload (faultlab describe NAME); may be repeated")
        ->take_all();
    app.add_option(
        "--bug", raw.bugs, "bugs to plant in the system, separated by commas (faultlab list bugs)");
    app.add_option("--floor",
                   raw.floor,
                   "NAME=VALUE: evidence below which a pass is not earned (ok_ops, ok_ops_each_f, "
                   "ok_percent, final_read_percent, every_fault_effective); may be repeated")
        ->take_all();
    app.add_option("--hosts", raw.hosts, "where replicas run: local")->capture_default_str();
    app.add_option("--plan", line.run.plan_file, "run this plan, as --dry-run printed it")
        ->check(CLI::ExistingFile);
    app.add_flag("--dry-run", line.run.dry_run, "print the plan and do nothing");
    add_common(app, line.run.common);
    add_limits(app, line.raw_limits);
    app.callback([&line] {
        line.chosen = [&line] {
            auto command = read_run(line.run, line.raw_run, line.raw_limits);
            return command ? execute(*command) : fail(line.run.common, command.error());
        };
    });
}

void add_audit(CommandLine& line, CLI::App& sim) {
    CLI::App& app =
        *sim.add_subcommand("audit", "whether simulations depend on nothing but their seed");
    AuditCommand& audit = line.audit;
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
    app.callback([&line] { line.chosen = [&line] { return execute(line.audit); }; });
}

void add_mc(CommandLine& line, CLI::App& sim) {
    CLI::App& app = *sim.add_subcommand("mc", "all schedules of a small cluster, up to a depth");
    simulator::Bounds& bounds = line.mc.bounds;
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
    app.add_option("--bug", line.mc_bugs, "bugs to plant, separated by commas (list bugs)");
    add_common(app, line.mc.common);
    app.footer("Says so when the states are too many for the depth (exit code 2).\n"
               "first: faultlab sim mc --depth 8\n"
               "then:  faultlab sim mc --bug T2 --faults 1\n"
               "       faultlab sim mc --bug F6 --faults 0 --depth 12");
    app.callback([&line] {
        line.chosen = [&line] {
            const auto bugs = read_bugs(line.mc_bugs);
            if (!bugs) return fail(line.mc.common, bugs.error());
            line.mc.bugs = *bugs;
            return execute(line.mc);
        };
    });
}

void add_self_test(CommandLine& line, CLI::App& sim) {
    CLI::App& app = *sim.add_subcommand("self-test", "whether the simulator's own mistakes show");
    SelfTestCommand& command = line.self_test;
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
    app.callback([&line] { line.chosen = [&line] { return execute(line.self_test); }; });
}

void add_matrix(CommandLine& line, CLI::App& sim) {
    CLI::App& app =
        *sim.add_subcommand("matrix", "how much work it takes to find each planted bug");
    MatrixCommand& matrix = line.matrix;
    app.add_option("--bug", line.raw_matrix.only, "these rows only, separated by semicolons")
        ->type_name("ID[,ID][;…]");
    app.add_option("--simulations", matrix.simulations, "most of one search")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--time", line.raw_matrix.time, "for all searches of one square together")
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
    app.callback([&line] {
        line.chosen = [&line] {
            auto command = read_matrix(line.matrix, line.raw_matrix);
            return command ? execute(*command) : fail(line.matrix.common, command.error());
        };
    });
}

/// What one simulation is.
void add_simulation(CLI::App& app, SimCommand& sim, RawSim& raw) {
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

void add_shrink(CommandLine& line) {
    CLI::App& app =
        *line.app.add_subcommand("shrink", "make a simulation that fails as small as it can be");
    ShrinkCommand& shrink = line.shrink;
    app.add_option("run",
                   shrink.run,
                   "a run that faultlab sim kept: its id or the start of it, 'latest', a "
                   "directory, a run.db; or else --seed says which simulation");
    add_simulation(app, shrink.sim, line.raw_shrink);
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
    app.callback([&line] {
        line.chosen = [&line] {
            auto sim = read_sim(line.shrink.sim, line.raw_shrink);
            if (!sim) return fail(line.shrink.common, sim.error());
            line.shrink.sim = *sim;
            return execute(line.shrink);
        };
    });
}

void add_sim(CommandLine& line) {
    CLI::App& app = *line.app.add_subcommand("sim", "simulate the embedded store, many times over");
    SimCommand& sim = line.sim;
    RawSim& raw = line.raw_sim;
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
    add_audit(line, app);
    add_self_test(line, app);
    add_matrix(line, app);
    add_mc(line, app);
    app.callback([&line, &app] {
        if (!app.get_subcommands().empty()) return; // it has chosen
        line.chosen = [&line] {
            auto command = read_sim(line.sim, line.raw_sim);
            return command ? execute(*command) : fail(line.sim.common, command.error());
        };
    });
}

template <class Command>
CLI::App& add_checking(CommandLine& line, Command& command, const char* name, const char* help) {
    CLI::App& app = *line.app.add_subcommand(name, help);
    add_common(app, command.common);
    add_limits(app, line.raw_limits);
    app.callback([&line, &command] {
        line.chosen = [&line, &command] { return with_limits(command, line.raw_limits); };
    });
    return app;
}

template <class Command>
CLI::App& add_plain(CommandLine& line, Command& command, const char* name, const char* help) {
    CLI::App& app = *line.app.add_subcommand(name, help);
    add_common(app, command.common);
    app.callback([&line, &command] { line.chosen = [&command] { return execute(command); }; });
    return app;
}

constexpr const char* run_help =
    "a run: its id or the start of it, 'latest', a directory, a run.db";

void add_check(CommandLine& line) {
    CheckCommand& check = line.check;
    CLI::App& app = add_checking(line, check, "check", "check stored runs again, or histories");
    app.add_option("run",
                   check.runs,
                   "runs (id, 'latest', a directory, a run.db), or files with histories: JSON "
                   "lines, Jepsen's EDN or CSV, also .gz and .zst; '-' is standard input")
        ->required();
    app.add_flag("--replica-logs",
                 check.replica_logs,
                 "of runs: decide operations without an outcome by what the replicas logged (vsr "
                 "with --option journal=on); not stored");
    app.add_option(
        "--model", check.model, "judge files by this model [what their operations leave]");
    app.add_option("--checker",
                   check.checkers,
                   "judge by this checker (faultlab list checkers), of a run without storing it; "
                   "may be repeated")
        ->take_all();
    app.add_option("--option",
                   line.check_options,
                   "NAME=VALUE for the checkers that are named (faultlab describe NAME); may be "
                   "repeated")
        ->take_all();
    app.callback([&line] {
        line.chosen = [&line] {
            auto options = read_assignments(line.check_options);
            if (!options) return fail(line.check.common, options.error());
            line.check.options = std::move(*options);
            return with_limits(line.check, line.raw_limits);
        };
    });
    app.add_flag("--explain", check.explain, "of files: every violation, not only the first");
    app.add_option("--witness",
                   check.witness,
                   "write the proof of a file's verdict to this one: the counterexample, or all "
                   "operations one after the other in an order that explains them");
}

void add_others(CommandLine& line) {
    CLI::App& replay = add_checking(line, line.replay, "replay", "run a stored plan again");
    replay.add_option("run", line.replay.run, run_help)->required();
    replay.add_flag("--exact", line.replay.exact, "the very faults that were injected");
    replay.add_option("--attempts", line.replay.attempts, "how often")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();

    add_check(line);

    CLI::App& explain = add_checking(line, line.explain, "explain", "what happened, in words");
    explain.add_option("run", line.explain.run, run_help)->required();

    CLI::App& report = add_checking(line, line.report, "report", "draw the report page again");
    report.add_option("run", line.report.run, run_help)->required();
    report.add_option("-o,--output", line.report.output, "file [report.html beside the run]");

    CLI::App& exporting = add_plain(line, line.export_run, "export", "the history in other forms");
    exporting.add_option("run", line.export_run.run, "a run, or a file with a history")->required();
    exporting.add_option("--format", line.export_run.format, "jsonl, edn (Jepsen's) or csv")
        ->check(CLI::IsMember({"jsonl", "edn", "csv"}))
        ->capture_default_str();
    exporting.add_option("-o,--output", line.export_run.output, "file [standard output]");

    CLI::App& sql = add_plain(line, line.sql, "sql", "read-only SQL over a run");
    sql.add_option("run", line.sql.run, run_help)->required();
    sql.add_option("query", line.sql.query, "one query [an interactive shell]");

    CLI::App& list = add_plain(line, line.list, "list", "what there is");
    list.add_option(
        "kind", line.list.kind, "systems, workloads, faults, scenarios, bugs, checkers or runs");

    CLI::App& describe = add_plain(line, line.describe, "describe", "options, errors, meaning");
    describe
        .add_option(
            "name", line.describe.name, "a system, workload, fault, scenario, bug or checker")
        ->required();

    CLI::App& node = add_plain(
        line, line.replay_node, "replay-node", "execute again what one replica of the store did");
    node.add_option("journal", line.replay_node.journals, "files of faultlab-replica --journal")
        ->required();

    add_plain(line, line.doctor, "doctor", "what this machine lacks, and how to mend it");
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
    }
    return names;
}

/// CLI11 says that an argument was not expected; say which command or option is near it.
Error usage_from(const CLI::ParseError& error, const CLI::App& app, int argc, char** argv) {
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({}))
        commands.push_back(command->get_name());
    const std::string first = argc > 1 ? argv[1] : "";
    const bool names_command = !first.empty() && first.front() != '-';
    if (names_command && std::ranges::find(commands, first) == commands.end()) {
        return unknown_name("command", first, commands);
    }
    const CLI::App* command = names_command ? app.get_subcommand(first) : &app;
    std::string path = names_command ? "faultlab " + first : "faultlab";
    while (names_command && !command->get_subcommands().empty()) {
        command = command->get_subcommands().front();
        path += " " + command->get_name();
    }
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const std::string typed(word.substr(0, word.find('=')));
        if (!typed.starts_with("--")) continue;
        if (std::string_view(error.what()).find(typed) == std::string_view::npos) continue;
        const std::vector<std::string> names = option_names(*command);
        return usage_error(
            error.what(), fmt::format("nearest: {}", fmt::join(nearest_names(typed, names), ", ")));
    }
    return usage_error(error.what(), fmt::format("see {} --help", path));
}

} // namespace

int run_command_line(int argc, char** argv) {
    CommandLine line;
    line.app.require_subcommand(1);
    line.app.set_version_flag("--version", std::string("faultlab ") + std::string(lab_version));
    line.app.footer("exit codes: 0 valid, 1 violation, 2 unknown, 4 nothing selected, 64 usage,\n"
                    "            69 environment unfit, 70 lab error, 130/143 interrupted\n"
                    "first run:  faultlab run");
    add_run(line);
    add_sim(line);
    add_shrink(line);
    add_others(line);
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return line.app.exit(error); // --help, --version
        // What was read until the error is not to be trusted, --json among it.
        const bool json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
        return fail({.json = json}, usage_from(error, line.app, argc, argv));
    }
    return line.chosen();
}

} // namespace faultlab
