#pragma once

#include "controller/campaign/planner.hpp"
#include "core/types.hpp"
#include "replica/core/bugs.hpp"
#include "simulator/knobs.hpp"
#include "simulator/model_checker/exploration.hpp"
#include "simulator/script.hpp"
#include "simulator/simbugs.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace faultlab {

/// What every command understands.
struct Common {
    std::filesystem::path lab = "runs"; ///< directory of runs and of index.db
    bool json = false;                  ///< one JSON object on stdout instead of text
};

/// How much a check may use.
struct CheckLimits {
    Nanos timeout = 120 * second;
    std::int64_t memory_bytes = std::int64_t{2} << 30;
};

struct RunCommand {
    Common common;
    RunRequest request;
    CheckLimits limits;
    bool dry_run = false;
    std::filesystem::path plan_file; ///< a stored plan to run instead of the request
};
struct ReplayCommand {
    Common common;
    CheckLimits limits;
    std::string run;
    bool exact = false;
    std::int32_t attempts = 1;
};
struct CheckCommand {
    Common common;
    CheckLimits limits;
    std::vector<std::string> runs;
    bool replica_logs = false; ///< of runs: what no client learned is asked of the replicas' logs
    std::vector<std::string> checkers; ///< empty: those of the run; of a file the one of the model
    Options options;                   ///< of those checkers that have them
    // All below is for files, and makes `runs` files.
    std::string model;             ///< empty: inferred
    bool explain = false;          ///< every violation, not only the first screen
    std::filesystem::path witness; ///< the proof of the verdict is written there; empty: not
};
struct ExplainCommand {
    Common common;
    CheckLimits limits;
    std::string run;
};
struct ReportCommand {
    Common common;
    CheckLimits limits;
    std::string run;
    std::filesystem::path output; ///< empty: report.html in the run's directory
};
struct ExportCommand {
    Common common;
    std::string run;
    std::string format = "jsonl"; ///< or edn, csv
    std::filesystem::path output; ///< empty: standard output
};
struct SqlCommand {
    Common common;
    std::string run;
    std::string query; ///< empty: an interactive shell
};
struct ListCommand {
    Common common;
    std::string kind; ///< empty: everything
};
struct DescribeCommand {
    Common common;
    std::string name;
};
struct HealCommand {
    Common common;
    std::string run;
};
struct ReplayNodeCommand {
    Common common;
    std::vector<std::filesystem::path> journals;
};
struct SimCommand {
    Common common;
    std::string scenario = "combined"; ///< or "all"
    replica::BugSet bugs;
    std::vector<simulator::Override> overrides;
    simulator::SimBug simbug = simulator::SimBug::None; ///< planted in the simulator itself
    std::uint64_t iterations = 100;
    std::uint64_t first_seed = 0;
    std::uint64_t events = 5'000;
    int jobs = 2;
    bool stop_on_first = false;
    std::optional<std::uint64_t> seed;       ///< this one simulation alone
    bool verbose = false;                    ///< of one: every event, a line each
    std::optional<simulator::Script> script; ///< of one: instead of what is drawn
    std::filesystem::path write_script;      ///< of one: all that was done, as a script; empty: not
};
struct ShrinkCommand {
    Common common;
    std::string run; ///< a stored run of a simulation; empty: what `sim` says
    SimCommand sim;
    std::uint64_t runs_most = 20'000;
    double seconds_most = 60;
};
struct AuditCommand {
    Common common;
    std::string scenario = "all";
    std::uint64_t iterations = 3; ///< a scenario
    std::uint64_t first_seed = 0;
    std::uint64_t events = 5'000;
    std::filesystem::path against; ///< what another build printed; empty: none
};
struct SelfTestCommand {
    Common common;
    std::string only;              ///< this mistake; empty: all
    std::uint64_t iterations = 20; ///< simulations for each
    int jobs = 2;
};
struct MatrixCommand {
    Common common;
    std::vector<std::string> only;       ///< rows, by their bugs; empty: all
    std::uint64_t simulations = 100'000; ///< of one search
    double seconds_a_square = 1200;      ///< for all searches of one square together
    std::size_t trials = 30;             ///< most of one square
    int jobs = 2;
    bool render_only = false;
    std::filesystem::path store; ///< empty: matrix.jsonl in the lab directory
    std::filesystem::path html;  ///< empty: none
    std::filesystem::path markdown;
};
struct McCommand {
    Common common;
    replica::BugSet bugs;
    simulator::Bounds bounds;
};
struct DoctorCommand {
    Common common;
};

/// Each prints its result on stdout, progress and errors on stderr, and returns the exit code.
int execute(const RunCommand& command);
int execute(const ReplayCommand& command);
int execute(const CheckCommand& command);
int execute(const ExplainCommand& command);
int execute(const HealCommand& command);
int execute(const ReportCommand& command);
int execute(const ExportCommand& command);
int execute(const SqlCommand& command);
int execute(const ListCommand& command);
int execute(const DescribeCommand& command);
int execute(const ReplayNodeCommand& command);
int execute(const SimCommand& command);
int execute(const AuditCommand& command);
int execute(const SelfTestCommand& command);
int execute(const MatrixCommand& command);
int execute(const McCommand& command);
int execute(const ShrinkCommand& command);
int execute(const DoctorCommand& command);

/// Prints the error as the command's outcome and returns its exit code, or the given one.
int fail(const Common& common, const Error& error);
int fail(const Common& common, const Error& error, int code);
/// Says on stderr what went wrong beside the outcome, which is still to be printed, and returns the
/// exit code of that.
int note_error(const Error& error);

} // namespace faultlab
