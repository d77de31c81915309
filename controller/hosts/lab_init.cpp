#include "controller/hosts/lab_init.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

namespace faultlab {
namespace {

using Stage = InitReport::Stage;

[[noreturn]] void finish(const InitOptions& options, const InitReport& report) {
    // Shorter than PIPE_BUF, hence written whole; a supervisor that is gone needs no report.
    [[maybe_unused]] const auto count = ::write(options.report.get(), &report, sizeof(report));
    ::_exit(0);
}

void require(bool done, Stage stage, const InitOptions& options) {
    if (!done) finish(options, {.stage = stage, .error = errno});
}

bool write_file(const char* path, const std::string& text) {
    const Descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
    if (!file.valid()) return false;
    return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

void map_user_to_root(const InitOptions& options) {
    // The files in /proc/self belong to root, and could not be written, were it not dumpable.
    ::prctl(PR_SET_DUMPABLE, 1);
    require(write_file("/proc/self/setgroups", "deny"), Stage::user_map, options);
    require(write_file("/proc/self/uid_map", "0 " + std::to_string(options.user) + " 1"),
            Stage::user_map,
            options);
    require(write_file("/proc/self/gid_map", "0 " + std::to_string(options.group) + " 1"),
            Stage::user_map,
            options);
}

bool parent_is_gone(const InitOptions& options) {
    pollfd polled{.fd = options.parent_alive.get(), .events = POLLIN};
    return ::poll(&polled, 1, 0) != 0;
}

void make_private_mounts(const InitOptions& options) {
    require(
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, Stage::mounts, options);
    require(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0,
            Stage::mounts,
            options);
}

int run_guarded(const std::function<int()>& inside) {
    try {
        return inside();
    } catch (const std::exception& error) {
        std::cerr << "faultlab: internal error: " << error.what() << '\n';
    } catch (...) {
        std::cerr << "faultlab: internal error of an unknown kind\n";
    }
    return lab_error_exit_code;
}

[[noreturn]] void run_engine(InitOptions options, const std::function<int()>& inside) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != 1) ::_exit(lab_error_exit_code);
    ::prctl(PR_SET_NAME, "faultlab");
    // The supervisor must see the end of both pipes when init ends, whatever still runs inside.
    options.parent_alive.reset();
    options.report.reset();
    ::pthread_sigmask(SIG_SETMASK, &options.engine_signal_mask, nullptr);
    const int code = run_guarded(inside);
    std::cout.flush();
    std::fflush(nullptr);
    // No exit handlers and static destructors: those of the supervisor run in the supervisor.
    ::_exit(code);
}

/// Reaps all that has ended; never returns once the engine is among it.
void reap(pid_t engine, const InitOptions& options) {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == engine) finish(options, {.stage = Stage::engine_ended, .wait_status = status});
    }
}

[[noreturn]] void watch(pid_t engine, const InitOptions& options) {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD})
        ::sigaddset(&signals, signal);
    const Descriptor arrived(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    std::array<pollfd, 2> polled{{{.fd = arrived.get(), .events = POLLIN},
                                  {.fd = options.parent_alive.get(), .events = POLLIN}}};
    for (;;) {
        if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) ::_exit(1);
        if (polled[1].revents != 0) ::_exit(1);
        signalfd_siginfo info{};
        while (::read(arrived.get(), &info, sizeof(info)) == sizeof(info)) {
            const int signal = static_cast<int>(info.ssi_signo);
            if (signal != SIGCHLD) ::kill(engine, signal == SIGHUP ? SIGTERM : signal);
        }
        reap(engine, options);
    }
}

/// The engine has copies of all descriptors; init would only keep sockets and pipes open longer.
void close_all_but(const Descriptor& one, const Descriptor& two) {
    const auto low = static_cast<unsigned>(std::min(one.get(), two.get()));
    const auto high = static_cast<unsigned>(std::max(one.get(), two.get()));
    const unsigned first = STDERR_FILENO + 1;
    if (low > first) ::close_range(first, low - 1, 0);
    if (high > low + 1) ::close_range(low + 1, high - 1, 0);
    ::close_range(high + 1, ~0U, 0);
}

} // namespace

void run_lab_init(InitOptions options, const std::function<int()>& inside) {
    if (options.map_user) map_user_to_root(options);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (parent_is_gone(options)) ::_exit(1);
    ::prctl(PR_SET_NAME, "faultlab-init");
    ::setsid();
    make_private_mounts(options);
    const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    require(nothing.valid() && ::dup2(nothing.get(), STDIN_FILENO) == STDIN_FILENO,
            Stage::mounts,
            options);
    const pid_t engine = ::fork();
    require(engine >= 0, Stage::engine_start, options);
    if (engine == 0) run_engine(std::move(options), inside);
    close_all_but(options.parent_alive, options.report);
    watch(engine, options);
}

} // namespace faultlab
