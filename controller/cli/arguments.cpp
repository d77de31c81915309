#include "controller/cli/arguments.hpp"

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/simulation_arguments.hpp"
#include "controller/cli/version.hpp"
#include "core/catalogue.hpp"
#include "core/options.hpp"
#include "core/units.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <functional>

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
struct RawLimits {
    std::string timeout = "120s";
    std::int64_t memory_mib = 2048;
};

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

/// Holds what the command line was read into until the chosen command is carried out.
struct CommandLine {
    CLI::App app{"faultlab tests replicated systems under faults, and proves what it finds."};
    RunCommand run;
    RawRun raw_run;
    SimulationArguments simulation;
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
    HealCommand heal;
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
                   "kinds of faults or packages of them, separated by commas, or 'none' "
                   "[partition,kill,pause]");
    app.add_option("--faults-at-once", request.faults_at_once, "how many may overlap")
        ->capture_default_str();
    app.add_flag("--allow-quorum-loss",
                 request.allow_quorum_loss,
                 "faults that overlap may hurt more nodes than the cluster can lose");
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

    CLI::App& heal =
        add_plain(line, line.heal, "heal", "stop a run's lab, and undo what its faults did");
    heal.add_option("run", line.heal.run, run_help)->required();

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
    line.simulation.add_to(line.app, line.chosen);
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
