#include "simulator/executor.hpp"

#include "simulator/setup.hpp"

namespace faultlab::simulator {

Result<RunOutcome> SimulationExecutor::run(const Plan& plan) {
    FAULTLAB_TRY(const Simulation simulation, simulation_of(plan));
    const Outcome outcome = simulate(simulation);
    if (const auto mistakes = outcome.audits.mistakes(); !mistakes.empty())
        return lab_error("the simulator is not to be trusted: " + text(mistakes.front()),
                         reproduction(simulation));
    FAULTLAB_TRY(std::filesystem::path run_db, store_(outcome.record));
    return RunOutcome{.run_db = std::move(run_db), .note = outcome.reason};
}

} // namespace faultlab::simulator
