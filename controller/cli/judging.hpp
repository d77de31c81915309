#pragma once

#include "checker/witness.hpp"
#include "controller/cli/commands.hpp"
#include "controller/cli/runs.hpp"
#include "core/checker.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace faultlab {

/// A stored run with what the checkers say of it.
struct Judged {
    RunDirectory run;
    Record record;
    std::vector<CheckResult> results;
    Verdict verdict = Verdict::unknown;
    std::optional<Error> unkept; ///< why the results could not be stored, as in a read-only lab
};

/// Lets every checker that is requested judge the record, side by side in the threads of `workers`;
/// null: in the calling one. Each has its own budget, from when its turn comes; the results are in
/// the order of the requests, whoever ends first.
[[nodiscard]] std::vector<CheckResult> run_checkers(const Record& record,
                                                    std::span<const CheckerRequest> requests,
                                                    const CheckLimits& limits,
                                                    const Workers* workers);

/// The witness of a valid history (checker/witness.hpp), looked for no longer than the limits say.
[[nodiscard]] Witness
witness_within(const CheckLimits& limits, const History& history, std::string_view model);

/// Loads the run, lets every checker that its workload and its system want judge it within the
/// limits, and stores the results beside the run and its verdict in the lab's index. Says on stderr
/// what it does.
/// A verdict is worth having also where it cannot be stored: that is no error of judge.
Result<Judged> judge(const Common& common, const RunDirectory& run, const CheckLimits& limits);

/// As judge, but for linearizability operations whose outcome no client learned are decided by what
/// the replicas logged (checker/known_outcomes.hpp). Where these logs cannot be used the history
/// alone decides; the meta "replica_logs" says which. Nothing is stored: the run's own results are
/// those of what clients saw. An error: there are no such logs.
Result<Judged> judge_with_logs(const RunDirectory& run, const CheckLimits& limits);

/// As judge, by these checkers alone: with the options that the run gives them, and over these the
/// given ones. Nothing is stored: the run's own results are those of its own checkers.
Result<Judged> judge_by(const RunDirectory& run,
                        const std::vector<std::string>& checkers,
                        const Options& options,
                        const CheckLimits& limits);

/// What the process says of it: a violation wins over a failure of the lab, and that over unknown.
[[nodiscard]] int exit_code(const Judged& judged);

/// As judge, but with the stored results where the run was checked before.
Result<Judged>
judge_if_needed(const Common& common, const RunDirectory& run, const CheckLimits& limits);

/// Draws report.html, or `output` when it is given; the file is whole or not there.
Result<std::filesystem::path>
write_report(const Common& common, const Judged& judged, const std::filesystem::path& output = {});

/// The first screen of the report and where the rest is, or its JSON.
[[nodiscard]] std::string
outcome_text(const Common& common, const Judged& judged, const std::filesystem::path& report);
/// Prints the first screen of the report and where the rest is, or its JSON.
void print_outcome(const Common& common, const Judged& judged, const std::filesystem::path& report);

/// Around the outcomes of several runs: with --json they are members of one object.
class JsonList {
public:
    JsonList(const Common& common, bool several);
    JsonList(const JsonList&) = delete;
    JsonList& operator=(const JsonList&) = delete;
    ~JsonList();
    /// Before each outcome.
    void next(bool first) const;

private:
    bool shown_;
};

} // namespace faultlab
