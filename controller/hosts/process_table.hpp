#pragma once

#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/line_log.hpp"
#include "controller/hosts/process.hpp"
#include "core/clock.hpp"
#include "core/host.hpp"
#include "core/result.hpp"

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace faultlab {

/// The long-running programs of a lab. One thread reads what they print into their log files, up to
/// the last byte, and reaps them. Thread-safe.
class ProcessTable {
public:
    /// `clock` stamps the log lines and must outlive the table.
    explicit ProcessTable(const Clock& clock);
    ProcessTable(const ProcessTable&) = delete;
    ProcessTable& operator=(const ProcessTable&) = delete;
    /// Kills every group and reaps it; what they printed before is in the logs.
    ~ProcessTable();

    /// Both outputs of the program go to the log file, in the order in which it writes them.
    Result<ProcessGroup> spawn(const std::vector<std::string>& argv,
                               const LaunchContext& context,
                               const std::filesystem::path& log_file);
    /// As Host::signal and Host::state.
    Result<void> signal(ProcessGroup group, int signal);
    Result<ProcessState> state(ProcessGroup group);

private:
    /// A program whose output is being read or that was not reaped yet.
    struct Program {
        pid_t pid = 0;
        Descriptor process; ///< a pidfd, invalid once it was reaped
        Descriptor output;  ///< its pipe, invalid once it is at its end
        LineLog log;
    };

    /// Once its leader was reaped and it has no other member, its number may become another's.
    struct Group {
        bool leader_reaped = false;
        bool gone = false;
    };

    void serve();
    void wait_for_events(int limit_ms);
    void read_output(Program& program);
    void reap(Program& program);
    void wake();
    /// Whether the group is surely no more; an error when it was never started here.
    Result<bool> is_gone(ProcessGroup group);
    void note_gone(ProcessGroup group);

    const Clock& clock_;
    Pipe wake_up_; ///< a byte in it interrupts the thread's wait

    std::mutex mutex_;
    // Below: protected by mutex_.
    std::vector<Program> arrived_;  ///< started, not yet taken over by the thread
    std::map<pid_t, Group> groups_; ///< every group that was started
    bool stopping_ = false;

    std::vector<Program> programs_; ///< owned by the thread
    std::jthread thread_;           ///< last: it uses all of the above
};

} // namespace faultlab
