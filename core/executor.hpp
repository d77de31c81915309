#pragma once

#include "core/plan.hpp"
#include "core/result.hpp"

#include <filesystem>
#include <string>

namespace faultlab {

/// How a run ended.
struct RunOutcome {
    std::filesystem::path run_db;
    bool interrupted = false;
    std::string note; ///< empty, or what cut the run short, for people
};

/// Turns a plan into a stored run: on real hosts, or in a simulated world.
class Executor {
public:
    virtual ~Executor() = default;
    virtual Result<RunOutcome> run(const Plan& plan) = 0;
};

} // namespace faultlab
