#include "controller/cli/local_run.hpp"

#include "controller/cli/exit_codes.hpp"
#include "controller/cli/lab_mark.hpp"
#include "controller/cli/progress.hpp"
#include "controller/cli/streams.hpp"
#include "controller/cli/version.hpp"
#include "controller/engine/engine.hpp"
#include "controller/engine/monotonic_clock.hpp"
#include "controller/hosts/local_lab.hpp"
#include "controller/hosts/supervisor.hpp"
#include "core/store/run_writer.hpp"
#include "nemesis/catalogue.hpp"
#include "systems/catalogue.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/utsname.h>

#include <csignal>
#include <cstring>
#include <map>
#include <thread>

namespace faultlab {
namespace {

/// What the engine process says to its supervisor by its exit code, where it is no failure.
constexpr int engine_complete = 0;
constexpr int engine_interrupted_twice = 3;
constexpr int engine_terminated_twice = 4;

/// Turns SIGINT and SIGTERM of this process into stop requests: the first asks for an early and
/// orderly end, the second for a hasty one. Made before any other thread, so that all of them
/// inherit the mask.
class StopSignals {
public:
    StopSignals() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGINT);
        sigaddset(&signals_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
        thread_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
    }
    [[nodiscard]] std::stop_token finish_early() const { return early_.get_token(); }
    [[nodiscard]] std::stop_token leave_now() const { return now_.get_token(); }
    /// The first signal that came; 0: none.
    [[nodiscard]] int first() const { return first_.load(); }

private:
    void listen(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const timespec moment{.tv_sec = 0, .tv_nsec = 100 * millisecond};
            const int signal = ::sigtimedwait(&signals_, nullptr, &moment);
            if (signal <= 0) continue;
            if (first_.load() == 0) {
                note("\nstopping: healing, collecting and checking what there is "
                     "(again: heal and leave)\n");
                first_.store(signal);
                early_.request_stop();
            } else {
                now_.request_stop();
            }
        }
    }

    sigset_t signals_{};
    std::stop_source early_;
    std::stop_source now_;
    std::atomic<int> first_ = 0;
    std::jthread thread_;
};

/// Makes each nemesis once, when it is first asked for.
class Nemeses {
public:
    const Nemesis* find(std::string_view name) {
        const auto made = made_.find(name);
        if (made != made_.end()) return made->second.get();
        const auto entry = find_nemesis(name);
        if (!entry) return nullptr;
        return made_.emplace(name, (*entry)->make()).first->second.get();
    }

private:
    std::map<std::string, std::unique_ptr<Nemesis>, std::less<>> made_;
};

Params meta_of_run(const std::string& started_utc) {
    utsname machine{};
    ::uname(&machine);
    return {{"lab_version", Value(lab_version)},
            {"kernel", Value(fmt::format("{} {}", machine.sysname, machine.release))},
            {"started_utc", Value(started_utc)}};
}

Result<RunOutcome>
run_engine(const Plan& plan, const RunDirectory& run, const StopSignals& signals) {
    const MonotonicClock clock;
    FAULTLAB_TRY(
        const auto lab,
        create_local_lab({.nodes = plan.nodes, .clients = plan.nodes, .run_directory = run.path},
                         clock));
    const auto system = find_system(plan.system).value()->make();
    const auto workload = find_workload(plan.workload).value()->make();
    Nemeses nemeses;
    ProgressPrinter printer(plan);
    Engine engine({.lab = *lab,
                   .system = *system,
                   .workload = *workload,
                   .find_nemesis = [&nemeses](std::string_view name) { return nemeses.find(name); },
                   .clock = clock,
                   .create_writer = RunWriter::create,
                   .run_db = run.run_db(),
                   .run_id = run.id,
                   .meta = meta_of_run(run.started_utc),
                   .finish_early = signals.finish_early(),
                   .leave_now = signals.leave_now(),
                   .progress = [&printer](const Progress& p) { printer.show(p); }});
    return engine.run(plan);
}

/// The engine process: its exit code says how the run ended; its errors are printed here, where
/// they are known.
int engine_process(const Plan& plan, const RunDirectory& run) {
    const StopSignals signals;
    const auto outcome = run_engine(plan, run, signals);
    if (!outcome) {
        note("faultlab: {}\n", outcome.error().text());
        return exit_code(outcome.error().kind);
    }
    const bool terminated = signals.first() == SIGTERM;
    if (signals.leave_now().stop_requested()) {
        return terminated ? engine_terminated_twice : engine_interrupted_twice;
    }
    if (!outcome->interrupted) return engine_complete;
    return terminated ? exit_terminated : exit_interrupted;
}

Error engine_failed(ErrorKind kind, const RunDirectory& run, std::string what) {
    return {kind,
            std::move(what),
            fmt::format("what was recorded is kept: faultlab check {}", run.path.string())};
}

} // namespace

Result<RunEnd> run_on_local_hosts(const Plan& plan, const RunDirectory& run) {
    const LabMark mark(run);
    FAULTLAB_TRY(const EngineEnd end,
                 supervise({}, [&plan, &run] { return engine_process(plan, run); }));
    // A signal that came before the engine could listen to it.
    if (end.signal == SIGINT) return RunEnd::interrupted_twice;
    if (end.signal == SIGTERM) return RunEnd::terminated_twice;
    if (end.signal != 0) {
        return engine_failed(ErrorKind::lab,
                             run,
                             fmt::format("the engine was killed by signal {} ({})",
                                         end.signal,
                                         ::strsignal(end.signal)));
    }
    switch (end.exit_code) {
        case engine_complete: return RunEnd::complete;
        case engine_interrupted_twice: return RunEnd::interrupted_twice;
        case engine_terminated_twice: return RunEnd::terminated_twice;
        case exit_interrupted: return RunEnd::interrupted;
        case exit_terminated: return RunEnd::terminated;
        case exit_usage: return engine_failed(ErrorKind::usage, run, "the run was refused");
        case exit_environment:
            return engine_failed(ErrorKind::environment, run, "the run could not go on");
        default: return engine_failed(ErrorKind::lab, run, "the lab failed during the run");
    }
}

} // namespace faultlab
