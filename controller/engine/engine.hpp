#pragma once

#include "controller/engine/conductor.hpp"
#include "controller/hosts/lab.hpp"
#include "core/clock.hpp"
#include "core/executor.hpp"
#include "core/store/run_writer.hpp"
#include "core/system.hpp"
#include "core/workload.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace faultlab {

/// How far a run is, for people who watch it.
struct Progress {
    std::string phase; ///< "provision", "load", "recovery", "settle", "final reads", "collect"
    Nanos elapsed = 0; ///< since the start of the phase
    std::int64_t ok = 0;
    std::int64_t fail = 0;
    std::int64_t info = 0;
    std::int64_t rate = 0;           ///< completions in the last second or so
    std::vector<std::string> faults; ///< active ones, in words
    std::string leaders;             ///< names of the nodes that say they lead
};

using CreateWriter = std::function<Result<std::unique_ptr<RunWriter>>(
    const std::filesystem::path& run_db, const RunHeader& header)>;

/// What the engine works with. Everything that is referred to outlives the engine.
struct EngineParts {
    Lab& lab;
    const System& system;
    const Workload& workload;
    FindNemesis find_nemesis;
    const Clock& clock;
    CreateWriter create_writer; ///< RunWriter::create
    std::filesystem::path run_db;
    std::string run_id;
    Params meta;                  ///< for the store: versions, kernel, started_utc, …
    std::stop_token finish_early; ///< heal, collect, and finish what there is
    std::stop_token leave_now;    ///< heal, and finish what there is; implies finish_early
    /// Called every 200 ms or so and at each change of phase, always by the thread in `run`.
    std::function<void(const Progress&)> progress;
};

/// Runs a plan on real hosts: provisions the system on them, drives its clients while the schedule
/// of faults is applied, heals, waits for recovery, makes the final reads, collects. However a run
/// ends, its faults are healed, its replicas stopped, and what was recorded is kept.
///
/// `run` returns an error when the lab failed: the hosts, the store (a full disk), a bug. The
/// run.db then holds what was recorded before, and its meta 'ended' says the same error.
/// Requires: one run an engine.
class Engine : public Executor {
public:
    explicit Engine(EngineParts parts) : parts_(std::move(parts)) {}
    Result<RunOutcome> run(const Plan& plan) override;

private:
    EngineParts parts_;
};

} // namespace faultlab
