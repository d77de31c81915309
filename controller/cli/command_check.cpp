// check, explain, report: what is said of runs that are already stored.

#include "controller/cli/check_files.hpp"
#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/judging.hpp"
#include "controller/cli/output_file.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/streams.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab {
namespace {

/// Checks one run and prints what comes of it; returns the exit code.
int check_one(const CheckCommand& command, const std::string& name) {
    auto run = find_run(command.common.lab, name);
    if (!run) return fail(command.common, run.error());
    const bool named = !command.checkers.empty();
    auto judged = command.replica_logs ? judge_with_logs(*run, command.limits)
                  : named ? judge_by(*run, command.checkers, command.options, command.limits)
                          : judge(command.common, *run, command.limits);
    if (!judged) return fail(command.common, judged.error());
    std::vector<int> codes = {exit_code(*judged)};
    if (judged->unkept) codes.push_back(note_error(*judged->unkept));
    std::filesystem::path drawn;
    // The report is of what clients saw, and of the run's own checkers.
    if (!command.replica_logs && !named) {
        auto report = write_report(command.common, *judged);
        if (report) drawn = *report;
        if (!report) codes.push_back(note_error(report.error()));
    }
    print_outcome(command.common, *judged, drawn);
    return combined_exit_code(codes);
}

/// With options that files have, what is no run is a file, whatever its name.
bool judged_as_file(const CheckCommand& command, const std::string& name) {
    if (names_history(name)) return true;
    const bool for_files = !command.model.empty() || !command.checkers.empty() ||
                           !command.options.empty() || command.explain || !command.witness.empty();
    return for_files && !find_run(command.common.lab, name);
}

/// Whether all that was asked can be asked of a run.
Result<void> fits_run(const CheckCommand& command, const std::string& name) {
    if (!command.model.empty() || command.explain || !command.witness.empty()) {
        return usage_error(
            fmt::format("{} is a run, and --model, --explain and --witness are for files", name),
            fmt::format("faultlab export {} -o history.jsonl", name));
    }
    if (!command.options.empty() && command.checkers.empty()) {
        return usage_error("--option is for checkers that are named", "name one: --checker NAME");
    }
    if (command.replica_logs && !command.checkers.empty()) {
        return usage_error("--replica-logs is for the run's own checkers", "leave --checker out");
    }
    return {};
}

/// Says what came of a file; returns its exit code.
int say_outcome(const CheckCommand& command, const FileOutcome& outcome) {
    if (outcome.failed) return fail(command.common, outcome.errors.front(), outcome.code);
    for (const Error& error : outcome.errors)
        note_error(error);
    say("{}", outcome.text);
    return outcome.code;
}

} // namespace

int execute(const CheckCommand& command) {
    std::vector<std::string> files;
    std::vector<bool> is_file;
    for (const std::string& name : command.runs) {
        is_file.push_back(judged_as_file(command, name));
        if (is_file.back()) {
            files.push_back(name);
        } else if (const auto fits = fits_run(command, name); !fits) {
            return fail(command.common, fits.error());
        }
    }
    if (command.replica_logs && !files.empty()) {
        return fail(
            command.common,
            usage_error(fmt::format("--replica-logs is for runs, and {} is a file", files.front()),
                        "name a run: its id, 'latest' or its directory"));
    }
    const auto standard_input = std::ranges::count(files, "-");
    if (standard_input > 1) {
        return fail(command.common, usage_error("standard input can be read only once"));
    }
    if (!command.witness.empty() && files.size() > 1) {
        return fail(command.common, usage_error("--witness is for one file", "name one FILE"));
    }
    std::error_code ignored;
    if (!command.witness.empty() && !files.empty() &&
        std::filesystem::equivalent(files.front(), command.witness, ignored)) {
        return fail(command.common,
                    usage_error(fmt::format("--witness would overwrite {}", files.front()),
                                "give the witness another name"));
    }
    if (const auto writable = expect_writable(command.witness); !writable)
        return fail(command.common, writable.error());
    const std::vector<FileOutcome> outcomes = check_files(command, files);
    const JsonList list(command.common, command.runs.size() > 1);
    std::vector<int> codes;
    auto outcome = outcomes.begin();
    for (const std::string& name : command.runs) {
        list.next(codes.empty());
        codes.push_back(is_file[codes.size()] ? say_outcome(command, *outcome++)
                                              : check_one(command, name));
    }
    return combined_exit_code(codes);
}

int execute(const ExplainCommand& command) {
    auto run = find_run(command.common.lab, command.run);
    if (!run) return fail(command.common, run.error());
    auto judged = judge_if_needed(command.common, *run, command.limits);
    if (!judged) return fail(command.common, judged.error());
    if (judged->unkept) note_error(*judged->unkept);
    print_outcome(command.common, *judged, {});
    return exit_valid;
}

int execute(const ReportCommand& command) {
    auto run = find_run(command.common.lab, command.run);
    if (!run) return fail(command.common, run.error());
    auto judged = judge_if_needed(command.common, *run, command.limits);
    if (!judged) return fail(command.common, judged.error());
    if (judged->unkept) note_error(*judged->unkept);
    auto report = write_report(command.common, *judged, command.output);
    if (!report) return fail(command.common, report.error());
    if (command.common.json) {
        print_outcome(command.common, *judged, *report);
    } else {
        say("{}\n", report->string());
    }
    return exit_valid;
}

} // namespace faultlab
