#include "controller/hosts/supervisor.hpp"

#include "controller/hosts/control_groups.hpp"
#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/lab_init.hpp"
#include "controller/hosts/namespace_help.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <optional>

namespace faultlab {
namespace {

/// Blocks the signals that the supervisor takes out of the queue itself, while the object lives,
/// and makes sure that ended children wait to be reaped.
class SignalGuard {
public:
    SignalGuard() {
        ::sigemptyset(&set_);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD})
            ::sigaddset(&set_, signal);
        // A lab that was started to outlive its terminal (nohup) goes on doing so.
        struct sigaction hangup{};
        ::sigaction(SIGHUP, nullptr, &hangup);
        if (hangup.sa_handler == SIG_IGN) ::sigdelset(&set_, SIGHUP);
        struct sigaction keep{};
        keep.sa_handler = SIG_DFL;
        ::sigaction(SIGCHLD, &keep, &child_action_);
        ::pthread_sigmask(SIG_BLOCK, &set_, &mask_);
    }
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;
    ~SignalGuard() {
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
        ::sigaction(SIGCHLD, &child_action_, nullptr);
    }
    [[nodiscard]] const sigset_t& set() const { return set_; }
    [[nodiscard]] const sigset_t& mask_before() const { return mask_; }

private:
    sigset_t set_{};
    sigset_t mask_{};
    struct sigaction child_action_{};
};

/// A fork whose child starts in new namespaces. The library has no wrapper for it that works like
/// fork; in a process with one thread the bare call is one, and the child forks once more, by the
/// library, before anything else runs. All arguments after the first are null, so that their order,
/// which differs from machine to machine, does not matter.
pid_t fork_into_namespaces(unsigned long spaces) {
    const unsigned long none = 0;
    return static_cast<pid_t>(::syscall(SYS_clone, spaces | SIGCHLD, none, none, none, none));
}

/// Waits for init, and passes on what the user sends meanwhile. Returns its wait status.
int wait_for_init(pid_t init, const sigset_t& signals) {
    int status = 0;
    for (;;) {
        const int signal = ::sigwaitinfo(&signals, nullptr);
        if (signal == SIGCHLD && ::waitpid(init, &status, WNOHANG) == init) return status;
        if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) ::kill(init, signal);
    }
}

std::optional<InitReport> read_report(const Descriptor& pipe) {
    InitReport report;
    ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
    if (::read(pipe.get(), &report, sizeof(report)) != sizeof(report)) return std::nullopt;
    return report;
}

Result<EngineEnd> interpret(const std::optional<InitReport>& report, int init_status) {
    if (!report) {
        return lab_error(fmt::format("the lab's init process was killed by signal {}",
                                     WIFSIGNALED(init_status) ? WTERMSIG(init_status) : 0));
    }
    switch (report->stage) {
        case InitReport::Stage::user_map:
            return namespace_error("map the user into a user namespace", report->error);
        case InitReport::Stage::mounts:
            return namespace_error("mount a private /proc in the lab's namespaces", report->error);
        case InitReport::Stage::engine_start:
            return lab_error(
                fmt::format("cannot fork the engine process: {}", errno_text(report->error)));
        case InitReport::Stage::engine_ended: break;
    }
    const int status = report->wait_status;
    if (WIFSIGNALED(status)) return EngineEnd{.signal = WTERMSIG(status)};
    return EngineEnd{.exit_code = WEXITSTATUS(status)};
}

} // namespace

Result<EngineEnd> supervise(const SupervisorOptions& options, const std::function<int()>& inside) {
    const bool map_user = options.user_namespace || !may_make_namespaces();
    Pipe alive = make_pipe();
    Pipe report = make_pipe();
    if (!alive.write.valid() || !report.write.valid()) {
        return lab_error(fmt::format("cannot open a pipe: {}", errno_text(errno)));
    }
    remove_left_control_groups(0);
    const SignalGuard guard;
    // What is still in a buffer would be written twice, by this process and by the engine.
    std::cout.flush();
    std::fflush(nullptr);
    const unsigned long spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET;
    const auto user = ::geteuid();
    const auto group = ::getegid();
    const pid_t init = fork_into_namespaces(spaces | (map_user ? CLONE_NEWUSER : 0UL));
    if (init < 0) return namespace_error("make namespaces", errno);
    if (init == 0) {
        alive.write.reset();
        report.read.reset();
        run_lab_init({.map_user = map_user,
                      .user = user,
                      .group = group,
                      .engine_signal_mask = guard.mask_before(),
                      .parent_alive = std::move(alive.read),
                      .report = std::move(report.write)},
                     inside);
    }
    alive.read.reset();
    report.write.reset();
    const int status = wait_for_init(init, guard.set());
    // Of all that faults leave, these alone do not end with the namespaces.
    remove_left_control_groups(second);
    return interpret(read_report(report.read), status);
}

} // namespace faultlab
