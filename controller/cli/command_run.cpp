// run and replay: from a plan to a stored run, its verdict and its report.

#include "controller/campaign/exact.hpp"
#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/judging.hpp"
#include "controller/cli/local_run.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/simulated_run.hpp"
#include "controller/cli/streams.hpp"
#include "core/store/lab_index.hpp"
#include "core/store/run_reader.hpp"
#include "core/units.hpp"
#include "simulator/executor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

namespace faultlab {
namespace {

Result<Plan> plan_of(const RunCommand& command) {
    if (!command.plan_file.empty()) {
        std::ostringstream text;
        text << std::ifstream(command.plan_file, std::ios::binary).rdbuf();
        FAULTLAB_TRY(Plan plan, plan_from_json(text.str()));
        return fitting_plan(std::move(plan));
    }
    FAULTLAB_TRY(Planned planned, make_plan(command.request));
    for (const std::string& warning : planned.warnings) {
        note("warning: {}\n", warning);
    }
    return std::move(planned.plan);
}

void announce(const Plan& plan, const RunDirectory& run) {
    const auto bugs = plan.options.find("bug");
    const bool planted = bugs != plan.options.end() && !bugs->second.empty();
    note("run {}  {}{} × {}  faults {}  seed {:#x}  {} nodes, {} clients, {} op/s, {}\n",
         run.id,
         plan.system,
         planted ? " with planted bugs " + bugs->second : std::string(),
         plan.workload,
         plan.nemeses.empty() ? "none" : fmt::format("{}", fmt::join(plan.nemeses, ",")),
         plan.seed,
         plan.nodes,
         plan.workers(),
         plan.rate,
         duration_argument(plan.duration));
}

std::string_view ended_text(const Result<RunEnd>& end) {
    if (!end) return "error";
    return *end == RunEnd::complete ? "complete" : "interrupted";
}

/// Judges a run that was just stored and writes its report; returns the exit code.
int conclude(const Common& common, const CheckLimits& limits, const RunDirectory& run) {
    auto judged = judge(common, run, limits);
    // Its record was just written: that it cannot be read is no mistake of the user.
    if (!judged) return fail(common, judged.error(), exit_lab_error);
    std::vector<int> codes{exit_code(*judged)};
    if (judged->unkept) codes.push_back(note_error(*judged->unkept));
    auto report = write_report(common, *judged);
    if (!report) codes.push_back(note_error(report.error()));
    print_outcome(common, *judged, report ? *report : std::filesystem::path{});
    return combined_exit_code(codes);
}

/// Runs one plan, judges it and writes its report; returns the exit code.
int perform(const Common& common, const CheckLimits& limits, const Plan& plan) {
    auto run = make_run_directory(common.lab);
    if (!run) return fail(common, run.error());
    announce(plan, *run);
    auto index = LabIndex::open(common.lab);
    if (!index) return fail(common, index.error());
    auto added = index->add({.id = run->id,
                             .directory = run->id,
                             .system = plan.system,
                             .workload = plan.workload,
                             .seed = plan.seed,
                             .started_utc = run->started_utc});
    if (!added) return fail(common, added.error());
    auto end = run_on_local_hosts(plan, *run);
    auto noted = index->set_ended(run->id, ended_text(end));
    if (!noted) return fail(common, noted.error());
    std::vector<int> codes;
    if (!end) {
        std::error_code ignored;
        // Without a store there is nothing to judge.
        if (!std::filesystem::exists(run->run_db(), ignored)) return fail(common, end.error());
        codes.push_back(note_error(end.error()));
    } else if (*end != RunEnd::complete) {
        const bool terminated = *end == RunEnd::terminated || *end == RunEnd::terminated_twice;
        const int code = terminated ? exit_terminated : exit_interrupted;
        if (*end == RunEnd::interrupted_twice || *end == RunEnd::terminated_twice) {
            return fail(common,
                        lab_error("left; the record is kept",
                                  "faultlab check " + run_arguments(common.lab, *run)),
                        code);
        }
        codes.push_back(code);
    }
    codes.push_back(conclude(common, limits, *run));
    return combined_exit_code(codes);
}

/// Simulates the plan of an earlier simulation, judges it and writes its report; returns the exit
/// code.
int simulate_again(const Common& common, const CheckLimits& limits, const Plan& plan) {
    std::optional<RunDirectory> run;
    simulator::SimulationExecutor executor(
        [&](const Record& record) -> Result<std::filesystem::path> {
            FAULTLAB_TRY(run, keep_simulated_run(common, record));
            return run->run_db();
        });
    if (const auto outcome = executor.run(plan); !outcome) return fail(common, outcome.error());
    return conclude(common, limits, *run);
}

/// The share of attempts that fail, with its 95 % interval (Wilson 1927).
std::string rate_text(int failed, int attempts) {
    if (attempts == 0) return "no attempt came to a verdict";
    const double n = attempts;
    const double p = failed / n;
    constexpr double z = 1.96;
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return fmt::format("{} of {} attempts found a violation ({:.0f}–{:.0f} %)",
                       failed,
                       attempts,
                       100 * std::max(0.0, middle - half),
                       100 * std::min(1.0, middle + half));
}

} // namespace

int execute(const RunCommand& command) {
    auto plan = plan_of(command);
    if (!plan) return fail(command.common, plan.error());
    if (command.dry_run) {
        say("{}", to_json(*plan));
        return exit_valid;
    }
    return perform(command.common, command.limits, *plan);
}

int execute(const ReplayCommand& command) {
    auto run = find_run(command.common.lab, command.run);
    if (!run) return fail(command.common, run.error());
    auto record = load_record(run->run_db());
    if (!record) return fail(command.common, record.error());
    if (record->meta.contains("simulated")) {
        if (command.attempts > 1) {
            return fail(command.common,
                        usage_error("this run was simulated: every attempt would be the same"));
        }
        return simulate_again(command.common, command.limits, record->plan);
    }
    const auto plan = command.exact ? exact_plan(*record) : fitting_plan(record->plan);
    if (!plan) return fail(command.common, plan.error());
    std::vector<int> codes;
    int violations = 0;
    int judged = 0;
    const JsonList list(command.common, command.attempts > 1);
    for (std::int32_t attempt = 0; attempt < command.attempts; ++attempt) {
        list.next(attempt == 0);
        codes.push_back(perform(command.common, command.limits, *plan));
        if (codes.back() == exit_violation) ++violations;
        if (codes.back() <= exit_unknown) ++judged;
        const bool stopped = codes.back() == exit_interrupted || codes.back() == exit_terminated;
        if (stopped || codes.back() == exit_environment) break;
    }
    note("{}\n", rate_text(violations, judged));
    return combined_exit_code(codes);
}

} // namespace faultlab
