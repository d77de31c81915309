#include "controller/cli/judging.hpp"

#include "checker/catalogue.hpp"
#include "checker/judge.hpp"
#include "checker/known_outcomes.hpp"
#include "controller/cli/checker_options.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/output_file.hpp"
#include "controller/cli/processors.hpp"
#include "controller/cli/streams.hpp"
#include "controller/cli/version.hpp"
#include "core/store/lab_index.hpp"
#include "core/store/run_reader.hpp"
#include "core/workload.hpp"
#include "reports/html.hpp"
#include "reports/machine.hpp"
#include "reports/story.hpp"
#include "reports/terminal.hpp"
#include "systems/catalogue.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

/// Watches the clock for pure code: sets `expired` when the time is over, and says every few
/// seconds that checking goes on, unless it is quiet.
class Watch {
public:
    explicit Watch(Nanos timeout, bool quiet = false)
        : thread_([this, timeout, quiet](const std::stop_token& stop) {
              const auto start = std::chrono::steady_clock::now();
              const auto end = start + std::chrono::nanoseconds(timeout);
              constexpr auto notice = std::chrono::seconds(5);
              auto next = start + notice;
              std::unique_lock lock(mutex_);
              while (!stop.stop_requested()) {
                  wake_.wait_until(lock, stop, std::min(next, end), [] { return false; });
                  const auto now = std::chrono::steady_clock::now();
                  if (now >= end) {
                      expired_.store(true);
                      return;
                  }
                  if (now >= next && !stop.stop_requested()) {
                      if (!quiet)
                          note("checking… {} s\n",
                               std::chrono::duration_cast<std::chrono::seconds>(now - start)
                                   .count());
                      next += notice;
                  }
              }
          }) {}
    [[nodiscard]] const std::atomic<bool>& expired() const { return expired_; }

private:
    std::atomic<bool> expired_ = false;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

CheckResult run_checker(const Record& record,
                        const CheckerRequest& request,
                        const CheckLimits& limits,
                        const Workers* workers) {
    const Watch watch(limits.timeout, true);
    const Budget budget{
        .expired = &watch.expired(), .memory_bytes = limits.memory_bytes, .workers = workers};
    const auto start = std::chrono::steady_clock::now();
    CheckResult result = judge_one(record, request, budget);
    const auto took = std::chrono::steady_clock::now() - start;
    result.took = std::chrono::nanoseconds(took).count();
    return result;
}

/// A log that is too long, or not there, is not read: the checker then says so.
void read_logs(const fs::path& run, Record& record) {
    constexpr std::uintmax_t longest = std::uintmax_t{64} << 20;
    for (LogFile& log : record.logs) {
        const fs::path path = run / log.path;
        std::error_code error;
        const std::uintmax_t size = fs::file_size(path, error);
        if (error || size > longest) continue;
        std::ifstream file(path, std::ios::binary);
        std::string text(static_cast<std::size_t>(size), '\0');
        file.read(text.data(), static_cast<std::streamsize>(size));
        if (file) log.text = std::move(text);
    }
}

StoryContext story_context(const Common& common, const RunDirectory& run, const Record& record) {
    if (run.path.empty()) return {.run = run.id};
    const std::string arguments = run_arguments(common.lab, run);
    // A simulation is its command line.
    const auto command = record.meta.find("reproduce");
    const bool simulated = command != record.meta.end() && command->second.text() != nullptr;
    return {.run = arguments,
            .replay_command = simulated ? *command->second.text() : "faultlab replay " + arguments};
}

TextStyle style_of_stdout() {
    TextStyle style;
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    winsize size{};
    if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40) {
        style.width = size.ws_col;
    }
    const char* term = std::getenv("TERM");
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    style.color = terminal && !dumb && std::getenv("NO_COLOR") == nullptr;
    return style;
}

Result<void> keep(const Common& common, const Judged& judged) {
    FAULTLAB_DO(store_check_results(judged.run.run_db(), judged.results));
    // A run that was mailed here is in no index; its verdict is in its own file all the same.
    std::error_code error;
    if (!fs::exists(common.lab / "index.db", error)) return {};
    FAULTLAB_TRY(const LabIndex index, LabIndex::open(common.lab));
    if (!index.find(judged.run.id)) return {};
    return index.set_verdict(judged.run.id, judged.verdict);
}

} // namespace

std::vector<CheckResult> run_checkers(const Record& record,
                                      std::span<const CheckerRequest> requests,
                                      const CheckLimits& limits,
                                      const Workers* workers) {
    std::vector<CheckResult> results(requests.size());
    std::atomic<std::size_t> next = 0;
    const auto body = [&] {
        for (std::size_t i = next++; i < requests.size(); i = next++)
            results[i] = run_checker(record, requests[i], limits, workers);
    };
    if (workers != nullptr) {
        workers->run(body);
    } else {
        body();
    }
    return results;
}

Witness witness_within(const CheckLimits& limits, const History& history, std::string_view model) {
    const Watch watch(limits.timeout);
    return find_witness(
        history, model, {.expired = &watch.expired(), .memory_bytes = limits.memory_bytes});
}

namespace {

/// What its workload and its system want to be checked.
Result<std::vector<CheckerRequest>> requests_of(const Record& record) {
    FAULTLAB_TRY(const WorkloadEntry* const entry, find_workload(record.plan.workload));
    FAULTLAB_TRY(const SystemEntry* const system, find_system(record.plan.system));
    std::vector<CheckerRequest> wanted = entry->make()->checkers(record.plan.options);
    for (CheckerRequest& request : system->make()->checkers())
        wanted.push_back(std::move(request));
    return complete_requests(std::move(wanted));
}

/// `decided`: the history for linearizability, where it is another than the record's.
Judged judge_record(const RunDirectory& run,
                    Record record,
                    const std::vector<CheckerRequest>& all,
                    const CheckLimits& limits,
                    const History* decided = nullptr) {
    if (std::ranges::find(all, "log-patterns", &CheckerRequest::name) != all.end())
        read_logs(run.path, record);
    std::vector<CheckResult> results;
    {
        const Watch progress(limits.timeout * static_cast<Nanos>(all.size()));
        const Processors processors;
        const auto looks_at_decided = [&](const CheckerRequest& request) {
            return decided != nullptr && request.name == "linearizability";
        };
        std::vector<CheckerRequest> others;
        std::ranges::remove_copy_if(all, std::back_inserter(others), looks_at_decided);
        results = run_checkers(record, others, limits, &processors);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!looks_at_decided(all[i])) continue;
            Record with_logs = record;
            with_logs.history = *decided;
            results.insert(results.begin() + static_cast<std::ptrdiff_t>(i),
                           run_checker(with_logs, all[i], limits, &processors));
        }
    }
    Judged judged{.run = run, .record = std::move(record), .results = std::move(results)};
    judged.verdict = overall(judged.results);
    return judged;
}

/// What the replicas logged, taken into the history. An error that is none of usage: the logs
/// cannot be used.
Result<KnownOutcomes> ask_logs(const RunDirectory& run, const Record& record, std::string& source) {
    FAULTLAB_TRY(const SystemEntry* const system, find_system(record.plan.system));
    std::vector<fs::path> directories;
    for (const auto& node : record.cluster.nodes)
        directories.push_back(run.data_directory(node.name));
    FAULTLAB_TRY(const LoggedOutcomes logged,
                 system->make()->logged_outcomes(directories, record.history));
    source = logged.source;
    return with_logged_outcomes(record.history, logged);
}

} // namespace

Result<Judged> judge(const Common& common, const RunDirectory& run, const CheckLimits& limits) {
    FAULTLAB_TRY(Record record, load_record(run.run_db()));
    FAULTLAB_TRY(const std::vector<CheckerRequest> wanted, requests_of(record));
    Judged judged = judge_record(run, std::move(record), wanted, limits);
    if (const auto kept = keep(common, judged); !kept) judged.unkept = kept.error();
    return judged;
}

Result<Judged> judge_with_logs(const RunDirectory& run, const CheckLimits& limits) {
    FAULTLAB_TRY(Record record, load_record(run.run_db()));
    FAULTLAB_TRY(const std::vector<CheckerRequest> wanted, requests_of(record));
    std::string source;
    const auto known = ask_logs(run, record, source);
    if (known) {
        const std::string decided =
            fmt::format("decided by {}: of {} operations {} took effect in time to count as done, "
                        "and {} had no effect",
                        source,
                        known->unknown,
                        known->bounded.size(),
                        known->without_effect.size());
        record.meta.insert_or_assign("replica_logs", Value(decided));
        return judge_record(run, std::move(record), wanted, limits, &known->history);
    }
    if (known.error().kind != ErrorKind::lab) return known.error();
    record.meta.insert_or_assign(
        "replica_logs", Value("not decided by what the replicas logged: " + known.error().message));
    return judge_record(run, std::move(record), wanted, limits);
}

Result<Judged> judge_by(const RunDirectory& run,
                        const std::vector<std::string>& checkers,
                        const Options& options,
                        const CheckLimits& limits) {
    FAULTLAB_TRY(Record record, load_record(run.run_db()));
    FAULTLAB_TRY(const std::vector<CheckerRequest> usual, requests_of(record));
    std::vector<CheckerRequest> wanted;
    Options unused = options;
    for (const std::string& name : checkers) {
        FAULTLAB_TRY(const CheckerEntry* const entry, find_checker(name));
        const auto own = std::ranges::find(usual, name, &CheckerRequest::name);
        CheckerRequest one = own != usual.end() ? *own : CheckerRequest{.name = name};
        for (const auto& [option, value] : own_options(*entry, options, unused))
            one.options[option] = value;
        FAULTLAB_DO(
            complete_options(one.options, entry->options(), fmt::format("checker {}", name)));
        wanted.push_back(std::move(one));
    }
    FAULTLAB_DO(all_used(checkers, unused));
    return judge_record(run, std::move(record), wanted, limits);
}

int exit_code(const Judged& judged) {
    std::vector<int> codes = {exit_code(judged.verdict)};
    if (lab_failed(judged.results)) codes.push_back(exit_lab_error);
    return combined_exit_code(codes);
}

Result<Judged>
judge_if_needed(const Common& common, const RunDirectory& run, const CheckLimits& limits) {
    FAULTLAB_TRY(auto results, load_check_results(run.run_db()));
    if (results.empty()) return judge(common, run, limits);
    FAULTLAB_TRY(Record record, load_record(run.run_db()));
    Judged judged{.run = run, .record = std::move(record), .results = std::move(results)};
    judged.verdict = overall(judged.results);
    return judged;
}

Result<fs::path> write_report(const Common& common, const Judged& judged, const fs::path& output) {
    const fs::path path = output.empty() ? judged.run.report() : output;
    const std::string page = render_html(
        judged.record, judged.results, story_context(common, judged.run, judged.record));
    FAULTLAB_DO(write_file(path, [&](std::ostream& out) -> Result<void> {
        out << page;
        return {};
    }));
    return path;
}

std::string outcome_text(const Common& common, const Judged& judged, const fs::path& report) {
    const StoryContext context = story_context(common, judged.run, judged.record);
    if (common.json) return render_json(judged.record, judged.results, context);
    const Story story = make_story(judged.record, judged.results, context);
    std::string text = render_text(story, style_of_stdout());
    text += fmt::format("\nverdict  {}\n", to_string(judged.verdict));
    if (!report.empty()) text += fmt::format("report   {}\n", report.string());
    if (!judged.run.path.empty()) text += fmt::format("replay   {}\n", context.replay_command);
    return text;
}

void print_outcome(const Common& common, const Judged& judged, const fs::path& report) {
    write_out(outcome_text(common, judged, report));
}

JsonList::JsonList(const Common& common, bool several) : shown_(common.json && several) {
    if (shown_) say("{{\"schema\": \"faultlab.outcomes/1\", \"outcomes\": [\n");
}

JsonList::~JsonList() {
    if (shown_) say("]}}\n");
}

void JsonList::next(bool first) const {
    if (shown_ && !first) say(",\n");
}

} // namespace faultlab
