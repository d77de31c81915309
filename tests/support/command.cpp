#include "tests/support/command.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faultlab::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe() {
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    }
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_end(std::size_t i) {
        if (ends[i] >= 0) ::close(ends[i]);
        ends[i] = -1;
    }
};

[[noreturn]] void become(const std::vector<std::string>& argv, const RunOptions& options,
                         const Pipe& out, const Pipe& err) {
    ::dup2(out.ends[1], 1);
    ::dup2(err.ends[1], 2);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, 0);
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
    if (options.prepare) options.prepare();
    std::vector<char*> pointers;
    for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    ::execvp(pointers[0], pointers.data());
    ::_exit(127);
}

/// Appends what can be read; closes the pipe at its end.
void drain(Pipe& pipe, std::string& text) {
    std::array<char, 65536> buffer{};
    const ssize_t n = ::read(pipe.ends[0], buffer.data(), buffer.size());
    if (n > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(n));
    } else {
        pipe.close_end(0);
    }
}

}  // namespace

Finished run_command(const std::vector<std::string>& argv, const RunOptions& options) {
    Pipe out;
    Pipe err;
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid == 0) become(argv, options, out, err);
    out.close_end(1);
    err.close_end(1);

    Finished finished;
    const auto start = SteadyClock::now();
    bool acted = !options.act;
    while (out.ends[0] >= 0 || err.ends[0] >= 0) {
        const auto elapsed = SteadyClock::now() - start;
        if (!acted && elapsed >= options.act_after) {
            options.act(pid);
            acted = true;
        }
        if (elapsed > options.limit) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
            throw std::runtime_error(argv[0] + " took too long; it printed:\n" + finished.out +
                                     finished.err);
        }
        std::array<pollfd, 2> fds{{{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), 20);
        if (fds[0].revents != 0) drain(out, finished.out);
        if (fds[1].revents != 0) drain(err, finished.err);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
    return finished;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "faultlab-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace faultlab::test
