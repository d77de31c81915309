// Running a program to its end, within its limits; and what a process group is doing.

#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>

namespace faultlab {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The input as an unnamed file: unlike a pipe it can neither block the writer nor raise SIGPIPE
/// when the program does not read it.
Descriptor input_file(const std::string& input) {
    if (input.empty()) return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Descriptor file(::memfd_create("input", MFD_CLOEXEC));
    for (std::size_t done = 0; file.valid() && done < input.size();) {
        const auto count = ::write(file.get(), input.data() + done, input.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return {};
        done += static_cast<std::size_t>(count);
    }
    if (file.valid() && ::lseek(file.get(), 0, SEEK_SET) != 0) return {};
    return file;
}

/// One output of the program: its pipe, and what was kept of it.
class Capture {
public:
    Capture(Descriptor pipe, std::size_t limit) : pipe_(std::move(pipe)), limit_(limit) {
        ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
    }
    [[nodiscard]] int number() const { return pipe_.get(); }

    /// Reads all there is now; closes the pipe at its end.
    void drain() {
        std::array<char, 65'536> buffer; // NOLINT(*-member-init): filled by read
        while (pipe_.valid()) {
            const auto count = ::read(pipe_.get(), buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) return;
            if (count <= 0) {
                pipe_.reset();
                return;
            }
            const auto room = limit_ - std::min(limit_, text_.size());
            text_.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
        }
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    Descriptor pipe_;
    std::size_t limit_;
    std::string text_;
};

/// Waits for input on any descriptor (negative ones are left out) until the deadline.
void wait_for_any(std::initializer_list<int> numbers, SteadyClock::time_point deadline) {
    std::array<pollfd, 4> polled{};
    std::size_t count = 0;
    for (const int number : numbers)
        polled[count++] = {.fd = number, .events = POLLIN};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    const auto longest = 3'600'000L;
    ::poll(polled.data(), count, static_cast<int>(std::clamp(long{left}, 0L, longest)));
}

/// Whether the process has ended; it stays there to be waited for, so that nobody else can get its
/// number while its group is killed.
bool has_ended(pid_t pid) {
    siginfo_t info{};
    const int result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | WNOHANG);
    return result != 0 || info.si_pid == pid;
}

/// State and process group of a process from /proc, or nothing when it is no more.
struct ProcessLine {
    char state = '\0';
    pid_t group = 0;
};
std::optional<ProcessLine> read_process_line(const std::filesystem::path& directory) {
    // Not by a stream: the process may end between open and read, and iterators of streams throw.
    const Descriptor file(::open((directory / "stat").c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> buffer; // NOLINT(*-member-init): filled by read
    const auto count = ::read(file.get(), buffer.data(), buffer.size());
    if (count <= 0) return std::nullopt;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
    // The program's name, in parentheses, may hold anything: what follows its end is "S ppid pgrp".
    const auto end = text.rfind(") ");
    if (end == std::string_view::npos) return std::nullopt;
    ProcessLine line{.state = text[end + 2]};
    const auto parent = end + 4;
    const auto group = text.find(' ', parent);
    if (group == std::string_view::npos) return std::nullopt;
    std::from_chars(text.data() + group + 1, text.data() + text.size(), line.group);
    return line;
}

} // namespace

Result<Output> run_command(const Command& command, const LaunchContext& context) {
    const auto deadline = SteadyClock::now() + std::chrono::nanoseconds(command.limit);
    const Descriptor input = input_file(command.input);
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    if (!input.valid() || !out.write.valid() || !err.write.valid()) {
        return lab_error(fmt::format("cannot open pipes to run a program: {}", errno_text(errno)));
    }
    FAULTLAB_TRY(const pid_t pid,
                 launch(command.argv,
                        context,
                        {.in = input.get(), .out = out.write.get(), .err = err.write.get()}));
    out.write.reset();
    err.write.reset();
    Capture captured_out(std::move(out.read), command.output_limit);
    Capture captured_err(std::move(err.read), command.output_limit);
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));

    Output output;
    while (!has_ended(pid)) {
        if (SteadyClock::now() >= deadline) {
            output.timed_out = true;
            break;
        }
        wait_for_any({process.get(), captured_out.number(), captured_err.number()}, deadline);
        captured_out.drain();
        captured_err.drain();
    }
    ::kill(-pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    captured_out.drain();
    captured_err.drain();
    if (WIFEXITED(status)) output.exit_status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) output.signal = WTERMSIG(status);
    output.out = captured_out.take();
    output.err = captured_err.take();
    return output;
}

ProcessState group_state(pid_t group) {
    bool stopped = false;
    bool waiting = false;
    std::error_code code;
    for (std::filesystem::directory_iterator entry("/proc", code), end; !code && entry != end;
         entry.increment(code)) {
        const std::string name = entry->path().filename();
        if (name.front() < '1' || name.front() > '9') continue;
        const auto line = read_process_line(entry->path());
        if (!line || line->group != group || line->state == 'Z' || line->state == 'X') continue;
        if (line->state == 'T')
            stopped = true;
        else if (line->state == 'D')
            waiting = true;
        else
            return ProcessState::running;
    }
    // What could not be looked at is not gone: the kernel still knows whether the group exists.
    if (code && !stopped && ::kill(-group, 0) == 0) return ProcessState::running;
    // Who waits in the kernel (for a disk, or for its stopped vfork child) stops as it returns.
    if (stopped) return ProcessState::stopped;
    return waiting ? ProcessState::running : ProcessState::gone;
}

void block_all_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

} // namespace faultlab
