#pragma once

#include "controller/engine/cluster.hpp"
#include "controller/engine/conductor.hpp"
#include "controller/engine/engine.hpp"
#include "controller/engine/load.hpp"
#include "controller/engine/watch.hpp"
#include "controller/engine/worker.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// One run of the engine, phase by phase. Private to the engine.
class EngineRun {
public:
    EngineRun(const EngineParts& parts,
              const Plan& plan,
              const Deployment& deployment,
              std::unique_ptr<RunWriter> writer);
    Result<RunOutcome> run();

private:
    // The phases.
    [[nodiscard]] std::vector<const Nemesis*> nemeses() const;
    Result<void> check_needs();
    Result<void> provision();
    Result<void> provision_node(NodeId node, std::string& version);
    Result<void> start_and_await(NodeId node, Nanos limit);
    void load();
    void conduct(const std::stop_token& stop, FaultConductor& conductor, Nanos end);
    void recover();
    void settle();
    void final_reads();
    void collect();
    void stop_nodes();
    Result<RunOutcome> finish();

    /// Runs the task for every node at the same time, telling of the progress meanwhile.
    Result<void> on_nodes(const std::function<Result<void>(NodeId)>& task);
    void enter_phase(std::string_view name);
    /// Waits for the load, telling of the progress; stops it when the run has to end early.
    void watch_load(Load& load, const FaultConductor* conductor);
    void report_progress(const FaultConductor* conductor);
    [[nodiscard]] bool interrupted() const;
    /// The run has to end early, for whatever reason.
    [[nodiscard]] bool ending() const;
    void note_failure(const Error& error);
    [[nodiscard]] LoadParts load_parts();
    [[nodiscard]] std::vector<Value> touched_keys() const;

    const EngineParts& parts_;
    const Plan& plan_;
    const Deployment& deployment_;
    std::unique_ptr<RunWriter> writer_;
    Cluster cluster_;
    Tally tally_;
    std::deque<Worker> workers_;
    std::optional<Watch> watch_;

    std::string phase_;
    Nanos phase_start_ = 0;
    Nanos rate_t_ = 0;
    std::int64_t rate_done_ = 0;
    std::int64_t rate_ = 0;
    std::optional<Error> failure_; ///< of the lab, the first one
    std::string note_;
};

} // namespace faultlab
