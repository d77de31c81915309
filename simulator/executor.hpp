#pragma once

#include "core/executor.hpp"
#include "core/record.hpp"

#include <filesystem>
#include <functional>
#include <utility>

namespace faultlab::simulator {

/// Simulates plans: those of earlier simulations, or made by plan_of (setup.hpp). A plan alone
/// decides all that happens.
class SimulationExecutor : public Executor {
public:
    /// Makes a stored run of a record, and says where its run.db is.
    using Store = std::function<Result<std::filesystem::path>(const Record& record)>;

    explicit SimulationExecutor(Store store) : store_(std::move(store)) {}

    /// A usage error: the plan is not one of a simulation. An error of the lab: the simulator made
    /// a mistake, and the record is not to be trusted; nothing is stored then.
    Result<RunOutcome> run(const Plan& plan) override;

private:
    Store store_;
};

} // namespace faultlab::simulator
