#include "nemesis/node/stopped_process.hpp"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(1); // it may have to wait for a processor
constexpr auto between_looks = std::chrono::microseconds(50);

/// Threads that were asked to stop and did not in time: they can be let go only when they have.
/// Who traces them is this process, as long as it lives; when it ends, the kernel lets them go.
std::set<pid_t>& stragglers() {
    static std::set<pid_t> threads;
    return threads;
}

long trace(int request, pid_t thread, std::uint64_t data) {
    return ::ptrace(static_cast<__ptrace_request>(request), thread, nullptr, data);
}

/// The signal that a stopped thread was about to get: it must get it when it is let go.
int withheld_signal(int status) {
    return status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
}

void release_stragglers() {
    std::erase_if(stragglers(), [](pid_t thread) {
        int status = 0;
        const pid_t seen = ::waitpid(thread, &status, __WALL | WNOHANG);
        if (seen == 0) return false;
        if (seen == thread && WIFSTOPPED(status))
            trace(PTRACE_DETACH, thread, static_cast<std::uint64_t>(withheld_signal(status)));
        return true;
    });
}

std::vector<pid_t> threads_of(pid_t pid) {
    std::vector<pid_t> threads;
    std::error_code code;
    for (fs::directory_iterator entry(fmt::format("/proc/{}/task", pid), code), end;
         !code && entry != end;
         entry.increment(code)) {
        const std::string name = entry->path().filename().string();
        pid_t thread = 0;
        std::from_chars(name.data(), name.data() + name.size(), thread);
        threads.push_back(thread);
    }
    return threads;
}

std::optional<std::uint64_t> instruction_of(pid_t thread) {
#if defined(__x86_64__)
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) return std::nullopt;
    return registers.rip;
#else
    return std::nullopt;
#endif
}

} // namespace

StoppedProcess::StoppedProcess(pid_t pid) : pid_(pid) {
    release_stragglers();
    try {
        // Those that it knows of start no more; a thread that was just being started is found by
        // looking again.
        for (std::size_t known = 1; known != threads_.size();) {
            known = threads_.size();
            stop_new_threads();
        }
        if (threads_.empty()) throw std::runtime_error(fmt::format("process {} is gone", pid));
    } catch (...) {
        let_go();
        throw;
    }
}

StoppedProcess::~StoppedProcess() {
    let_go();
}

void StoppedProcess::stop_new_threads() {
    std::vector<Thread> fresh;
    for (const pid_t id : threads_of(pid_)) {
        if (std::ranges::find(threads_, id, &Thread::id) != threads_.end()) continue;
        if (stragglers().contains(id))
            throw std::runtime_error(fmt::format("thread {} of {} does not stop yet", id, pid_));
        if (trace(PTRACE_SEIZE, id, 0) != 0) {
            if (errno == ESRCH) continue;
            const int problem = errno;
            for (Thread& thread : fresh)
                if (await_stop(thread)) threads_.push_back(thread);
            throw std::system_error(
                problem, std::generic_category(), fmt::format("process {} cannot be traced", pid_));
        }
        trace(PTRACE_INTERRUPT, id, 0);
        fresh.push_back({.id = id});
    }
    bool late = false;
    for (Thread& thread : fresh) {
        if (await_stop(thread)) threads_.push_back(thread);
        late = late || stragglers().contains(thread.id);
    }
    if (late) throw std::runtime_error(fmt::format("a thread of {} does not stop", pid_));
}

/// False: it has ended, or it is late and has become a straggler.
bool StoppedProcess::await_stop(Thread& thread) {
    const auto until = Clock::now() + patience;
    for (;;) {
        int status = 0;
        const pid_t seen = ::waitpid(thread.id, &status, __WALL | WNOHANG);
        if (seen == thread.id && WIFSTOPPED(status)) {
            thread.signal = withheld_signal(status);
            const auto instruction = instruction_of(thread.id);
            thread.instruction = instruction.value_or(0);
            return true;
        }
        if (seen == thread.id || (seen < 0 && errno != EINTR)) return false;
        if (Clock::now() > until) {
            stragglers().insert(thread.id);
            return false;
        }
        std::this_thread::sleep_for(between_looks);
    }
}

void StoppedProcess::let_go() {
    for (const Thread& thread : threads_)
        trace(PTRACE_DETACH, thread.id, static_cast<std::uint64_t>(thread.signal));
    threads_.clear();
}

bool StoppedProcess::anyone_within(std::uint64_t begin, std::uint64_t end) const {
    return std::ranges::any_of(threads_, [&](const Thread& thread) {
        return thread.instruction >= begin && thread.instruction < end;
    });
}

} // namespace faultlab::node
