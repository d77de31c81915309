#pragma once

#include "core/result.hpp"

#include <functional>

namespace faultlab {

struct SupervisorOptions {
    /// A user namespace also where the caller could do without one (root). An ordinary user, or
    /// root without the right to administer networks, gets one in any case.
    bool user_namespace = false;
};

/// How the engine process ended.
struct EngineEnd {
    int exit_code = 0; ///< what `inside` returned; 70 when it threw
    int signal = 0;    ///< the signal that killed the engine; 0: it ended by itself
};

/// Runs `inside` in an engine process in mount, PID and network namespaces of its own (and a user
/// namespace, in which the caller is root, when it may not make the others), waits for its end and
/// says how it ended. Three processes take part:
///
///     supervisor    the caller; stays outside, on its terminal, in its own namespaces
///      └ init       process 1 inside: its own session, so that Ctrl-C reaches only the supervisor;
///         │         private /proc; adopts and reaps orphans
///         └ engine  runs `inside`, standard input is /dev/null, all other descriptors inherited
///
/// When any of the three dies, however it dies, the kernel kills all processes inside, and with
/// them go the namespaces, mounts, network devices and packet filter rules. init dies with the
/// supervisor (PR_SET_PDEATHSIG, and a pipe that is checked after it is set).
///
/// While it waits, each SIGINT and SIGTERM that the supervisor receives is passed on once to the
/// engine, SIGHUP as SIGTERM; the engine's handlers are its own affair. Standard streams are
/// flushed before the fork. The caller's signal mask is restored at the end.
///
/// Errors: environment when this machine does not let the caller make namespaces, with the command
/// that changes it; lab when init was killed.
/// Requires: a process with one thread.
Result<EngineEnd> supervise(const SupervisorOptions& options, const std::function<int()>& inside);

} // namespace faultlab
