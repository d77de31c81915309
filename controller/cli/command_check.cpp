// check, explain, report: what is said of runs that are already stored.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/judging.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/streams.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace faultlab {
namespace {

/// Checks one run and prints what comes of it; returns the exit code.
int check_one(const CheckCommand& command, const std::string& name) {
    auto run = find_run(command.common.lab, name);
    if (!run) return fail(command.common, run.error());
    auto judged = judge(command.common, *run, command.limits);
    if (!judged) return fail(command.common, judged.error());
    std::vector<int> codes = {exit_code(*judged)};
    if (judged->unkept) codes.push_back(note_error(*judged->unkept));
    auto report = write_report(command.common, *judged);
    if (!report) codes.push_back(note_error(report.error()));
    print_outcome(command.common, *judged, report ? *report : std::filesystem::path{});
    return combined_exit_code(codes);
}

/// Checks a history that no run of this lab left.
int check_file(const CheckCommand& command, const std::string& file) {
    auto judged = judge_file(file, command);
    if (!judged) return fail(command.common, judged.error());
    print_outcome(command.common, *judged, {});
    return exit_code(*judged);
}

} // namespace

int execute(const CheckCommand& command) {
    const JsonList list(command.common, command.runs.size() > 1);
    std::vector<int> codes;
    for (const std::string& name : command.runs) {
        list.next(codes.empty());
        const bool stored_run = command.model.empty() && command.checker.empty();
        codes.push_back(stored_run ? check_one(command, name) : check_file(command, name));
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
