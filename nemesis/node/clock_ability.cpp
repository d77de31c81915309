#include "nemesis/node/abilities.hpp"
#include "nemesis/node/clock_patch.hpp"
#include "nemesis/node/neighbours.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <exception>
#include <utility>

namespace faultlab::node {
namespace {

/// A child that says what time its library tells it, minus the kernel's, whenever it gets a byte.
class ClockTeller {
public:
    ClockTeller() {
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_.data()) != 0) return;
        pid_ = ::fork();
        if (pid_ != 0) {
            ::close(std::exchange(ends_[1], -1));
            return;
        }
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (char byte = 0; ::read(ends_[1], &byte, 1) == 1;) {
            timespec told{};
            ::clock_gettime(CLOCK_REALTIME, &told);
            const std::int64_t offset = std::int64_t{told.tv_sec} * 1'000'000'000 + told.tv_nsec -
                                        true_time(CLOCK_REALTIME);
            if (::write(ends_[1], &offset, sizeof(offset)) < 0) break;
        }
        ::_exit(0);
    }
    ClockTeller(const ClockTeller&) = delete;
    ClockTeller& operator=(const ClockTeller&) = delete;
    ~ClockTeller() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        if (pid_ > 0) ::waitpid(pid_, nullptr, __WALL);
        for (const int end : ends_)
            if (end >= 0) ::close(end);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::int64_t offset() const {
        std::int64_t offset = 0;
        if (::write(ends_[0], "?", 1) != 1) return 0;
        if (::read(ends_[0], &offset, sizeof(offset)) < 0) return 0;
        return offset;
    }

private:
    std::array<int, 2> ends_{-1, -1};
    pid_t pid_ = -1;
};

constexpr std::int64_t hour = 3600LL * 1'000'000'000;

std::string tried() {
    const ClockPatcher patcher;
    const ClockTeller child;
    if (child.pid() < 0) return "no process to try it on";
    std::string problem =
        patcher.install(child.pid(), 0, {.clocks = realtime_clocks, .offset = hour});
    if (!problem.empty()) return problem;
    if (child.offset() < hour / 2) return "a patched process is still told the true time";
    problem = patcher.restore(child.pid());
    if (!problem.empty()) return problem;
    return child.offset() < hour / 2 ? "" : "a process that was restored is not told the true time";
}

} // namespace

std::string missing_vdso() {
    try {
        const std::string problem = tried();
        return problem.empty() ? not_apart() : problem;
    } catch (const std::exception& error) {
        return error.what();
    }
}

} // namespace faultlab::node
