#pragma once

#include "controller/cli/runs.hpp"
#include "core/plan.hpp"
#include "core/result.hpp"

namespace faultlab {

/// How a run on local hosts ended, its record being stored.
enum class RunEnd {
    complete,
    interrupted,       ///< SIGINT once: healed, collected
    terminated,        ///< SIGTERM once: the same
    interrupted_twice, ///< SIGINT, then another signal: healed, and nothing more is wanted
    terminated_twice,  ///< SIGTERM, then another signal: the same
};

/// Runs the plan on hosts that are namespaces of this machine and leaves its run.db and logs in
/// `run`. Everything but those files is gone when it returns, also when the engine was killed.
/// Requires: a process with one thread.
Result<RunEnd> run_on_local_hosts(const Plan& plan, const RunDirectory& run);

} // namespace faultlab
