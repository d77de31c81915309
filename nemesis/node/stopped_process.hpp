#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace faultlab::node {

/// All threads of another process, stopped by ptrace for as long as this lives: it neither runs nor
/// starts threads. It sees nothing of that but time that passed, and interrupted system calls as
/// after SIGSTOP and SIGCONT; signals wait. Ends with the thread that made it, which must be the
/// only one of this process that traces.
class StoppedProcess {
public:
    /// Throws std::runtime_error when it cannot be had: it has gone, is traced by another, or has
    /// a thread that does not come out of the kernel, or to a processor, within a second.
    explicit StoppedProcess(pid_t pid);
    StoppedProcess(const StoppedProcess&) = delete;
    StoppedProcess& operator=(const StoppedProcess&) = delete;
    ~StoppedProcess();

    /// Whether a thread is about to execute the instruction at one of these addresses.
    [[nodiscard]] bool anyone_within(std::uint64_t begin, std::uint64_t end) const;

private:
    struct Thread {
        pid_t id = 0;
        int signal = 0; ///< that it was about to get
        std::uint64_t instruction = 0;
    };
    void stop_new_threads();
    bool await_stop(Thread& thread);
    void let_go();

    pid_t pid_;
    std::vector<Thread> threads_;
};

} // namespace faultlab::node
