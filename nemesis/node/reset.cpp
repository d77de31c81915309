// faultlab-node reset: a helper that resets the established TCP connections of this host with some
// others, once or again and again. Both ends see it as a reset by the other one.
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/tool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace faultlab::node {
namespace {

/// `ss -K` closes the sockets that its filter matches, and prints a line for each.
std::vector<std::string> ss_command(const std::vector<std::string>& peers) {
    std::vector<std::string> argv = {"ss", "-K", "-H", "-t", "-n", "state", "established", "("};
    for (const std::string& peer : peers) {
        if (argv.back() != "(") argv.emplace_back("or");
        argv.emplace_back("dst");
        argv.push_back(peer);
    }
    argv.emplace_back(")");
    return argv;
}

/// Runs it; the number of lines that it prints.
std::int64_t lines_of(const std::vector<std::string>& argv) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "pipe");
    std::vector<char*> words;
    for (const std::string& word : argv)
        words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pipe[1], STDOUT_FILENO);
        ::execvp(words.front(), words.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    std::int64_t lines = 0;
    std::array<char, 4096> text{};
    for (;;) {
        const ssize_t size = ::read(pipe[0], text.data(), text.size());
        if (size <= 0) break;
        lines += std::count(text.begin(), text.begin() + size, '\n');
    }
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error("ss cannot close sockets: install iproute2");
    return lines;
}

/// Due at once, and then each time.
int timer(std::int64_t every_ms) {
    const int number = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (number < 0) throw std::system_error(errno, std::generic_category(), "timer");
    const timespec every{.tv_sec = every_ms / 1000, .tv_nsec = every_ms % 1000 * 1'000'000};
    const itimerspec when{.it_interval = every, .it_value = {.tv_sec = 0, .tv_nsec = 1}};
    ::timerfd_settime(number, 0, &when, nullptr);
    return number;
}

} // namespace

int run_reset(std::span<char* const> arguments) {
    CLI::App app("a helper that resets TCP connections with some hosts");
    HelperAddress address;
    std::vector<std::string> peers;
    std::int64_t every_ms = 0;
    add_helper_address(app, address);
    app.add_option("--peer", peers, "IPv4 of the other end")->required();
    app.add_option("--every-ms", every_ms, "again and again; 0: once")
        ->check(CLI::NonNegativeNumber);
    if (const auto code = parse_arguments(app, arguments)) return *code;
    const std::vector<std::string> command = ss_command(peers);
    const int due = timer(every_ms);
    std::int64_t connections = 0;
    std::int64_t rounds = 0;
    return serve(address,
                 {.report =
                      [&] {
                          return fmt::format(
                              R"({{"connections":{},"rounds":{}}})", connections, rounds);
                      },
                  .work_descriptor = due,
                  .work =
                      [&] {
                          std::uint64_t times = 0;
                          if (::read(due, &times, sizeof(times)) <= 0) return;
                          connections += lines_of(command);
                          ++rounds;
                      }});
}

} // namespace faultlab::node
