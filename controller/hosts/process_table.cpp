#include "controller/hosts/process_table.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace faultlab {
namespace {

/// How long the end waits for killed programs: only one that the kernel cannot interrupt, or that
/// left its group and keeps the pipe, takes any time.
constexpr auto longest_end = std::chrono::seconds(2);

} // namespace

ProcessTable::ProcessTable(const Clock& clock) : clock_(clock), wake_up_(make_pipe()) {
    FAULTLAB_CHECK(wake_up_.write.valid());
    ::fcntl(wake_up_.read.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(wake_up_.write.get(), F_SETFL, O_NONBLOCK);
    thread_ = std::jthread([this] { serve(); });
}

ProcessTable::~ProcessTable() {
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [pid, group] : groups_) {
            if (!group.gone) ::kill(-pid, SIGKILL);
        }
        stopping_ = true;
    }
    wake();
}

Result<ProcessGroup> ProcessTable::spawn(const std::vector<std::string>& argv,
                                         const LaunchContext& context,
                                         const std::filesystem::path& log_file) {
    FAULTLAB_TRY(LineLog log, LineLog::open(log_file));
    const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Pipe pipe = make_pipe();
    if (!pipe.write.valid() || !input.valid()) {
        return lab_error(fmt::format("cannot open a pipe: {}", errno_text(errno)));
    }
    ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
    // Held over the start: the end of the table must not miss a program that is being started.
    const std::scoped_lock lock(mutex_);
    FAULTLAB_TRY(const pid_t pid,
                 launch(argv,
                        context,
                        {.in = input.get(), .out = pipe.write.get(), .err = pipe.write.get()}));
    Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process.valid()) {
        const int error = errno;
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return lab_error(fmt::format("cannot watch process {}: {}", pid, errno_text(error)));
    }
    groups_[pid] = {};
    arrived_.push_back({.pid = pid,
                        .process = std::move(process),
                        .output = std::move(pipe.read),
                        .log = std::move(log)});
    wake();
    return ProcessGroup{pid};
}

Result<bool> ProcessTable::is_gone(ProcessGroup group) {
    const std::scoped_lock lock(mutex_);
    const auto found = groups_.find(static_cast<pid_t>(group.id));
    if (found != groups_.end()) return found->second.gone;
    return lab_error(fmt::format("there is no process group {}", group.id));
}

void ProcessTable::note_gone(ProcessGroup group) {
    const std::scoped_lock lock(mutex_);
    auto& known = groups_[static_cast<pid_t>(group.id)];
    known.gone = known.leader_reaped;
}

Result<void> ProcessTable::signal(ProcessGroup group, int signal) {
    FAULTLAB_TRY(const ProcessState before, state(group));
    const bool gone = before == ProcessState::gone;
    if (!gone && ::kill(-static_cast<pid_t>(group.id), signal) == 0) return {};
    if (!gone && errno != ESRCH) {
        return lab_error(fmt::format(
            "cannot send signal {} to process group {}: {}", signal, group.id, errno_text(errno)));
    }
    note_gone(group);
    if (signal == SIGKILL || signal == SIGTERM) return {};
    return lab_error(fmt::format(
        "cannot send signal {} to process group {}: its processes have ended", signal, group.id));
}

Result<ProcessState> ProcessTable::state(ProcessGroup group) {
    FAULTLAB_TRY(const bool gone, is_gone(group));
    if (gone) return ProcessState::gone;
    const auto state = group_state(static_cast<pid_t>(group.id));
    if (state == ProcessState::gone) note_gone(group);
    return state;
}

void ProcessTable::wake() {
    // A full pipe wakes the thread as well.
    [[maybe_unused]] const auto count = ::write(wake_up_.write.get(), "w", 1);
}

void ProcessTable::serve() {
    block_all_signals();
    using SteadyClock = std::chrono::steady_clock;
    auto end = SteadyClock::time_point::max();
    for (;;) {
        {
            const std::scoped_lock lock(mutex_);
            std::move(arrived_.begin(), arrived_.end(), std::back_inserter(programs_));
            arrived_.clear();
            if (stopping_) end = std::min(end, SteadyClock::now() + longest_end);
        }
        const bool stopping = end != SteadyClock::time_point::max();
        if (stopping && (programs_.empty() || SteadyClock::now() > end)) break;
        constexpr int step_ms = 100;
        wait_for_events(stopping ? step_ms : -1);
        std::erase_if(programs_, [](const Program& program) {
            return !program.process.valid() && !program.output.valid();
        });
    }
    for (auto& program : programs_)
        program.log.finish();
}

void ProcessTable::wait_for_events(int limit_ms) {
    std::vector<pollfd> polled{{.fd = wake_up_.read.get(), .events = POLLIN}};
    for (const auto& program : programs_) {
        polled.push_back({.fd = program.output.get(), .events = POLLIN});
        polled.push_back({.fd = program.process.get(), .events = POLLIN});
    }
    if (::poll(polled.data(), polled.size(), limit_ms) <= 0) return;
    std::array<char, 64> wakes{};
    while (::read(wake_up_.read.get(), wakes.data(), wakes.size()) > 0) {
    }
    for (std::size_t i = 0; i < programs_.size(); ++i) {
        if (polled[2 * i + 1].revents != 0) read_output(programs_[i]);
        if (polled[2 * i + 2].revents != 0) reap(programs_[i]);
    }
}

void ProcessTable::read_output(Program& program) {
    // One buffer a call: a program that floods its log does not keep the others waiting.
    std::array<char, 65'536> buffer; // NOLINT(*-member-init): filled by read
    const auto count = ::read(program.output.get(), buffer.data(), buffer.size());
    if (count > 0) {
        program.log.feed({buffer.data(), static_cast<std::size_t>(count)}, clock_.now());
        return;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    program.log.finish();
    program.output.reset();
}

void ProcessTable::reap(Program& program) {
    if (::waitpid(program.pid, nullptr, WNOHANG) == 0) return;
    program.process.reset();
    const std::scoped_lock lock(mutex_);
    auto& group = groups_[program.pid];
    group.leader_reaped = true;
    group.gone = ::kill(-program.pid, 0) != 0;
}

} // namespace faultlab
