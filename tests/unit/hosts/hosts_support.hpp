#pragma once

#include "controller/hosts/supervisor.hpp"
#include "core/clock.hpp"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace faultlab::hosts_test {

class SteadyTestClock : public Clock {
public:
    [[nodiscard]] Nanos now() const override {
        return std::chrono::nanoseconds(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A directory that everybody may write to, removed with the object.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string name = "/tmp/faultlab-hosts-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
        std::filesystem::permissions(path_, std::filesystem::perms::all);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// Polls until the condition holds, or the time is over; returns whether it held.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

inline std::string read_text(const std::filesystem::path& path) {
    // Files of /proc may end with their process while they are read: that is an empty text.
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Who a test runs as: whoever started it, or an ordinary user (only root can choose).
enum class As { caller, ordinary_user };

/// Exit code of a child that could not become another user.
inline constexpr int no_other_user = 99;

inline void become_ordinary_user() {
    constexpr unsigned nobody = 65534;
    if (::geteuid() != 0) return;
    if (::setgroups(0, nullptr) != 0) ::_exit(no_other_user);
    if (::setresgid(nobody, nobody, nobody) != 0) ::_exit(no_other_user);
    if (::setresuid(nobody, nobody, nobody) != 0) ::_exit(no_other_user);
}

/// Forks; the child's result is its exit code.
inline pid_t fork_child(As who, const std::function<int()>& body) {
    std::cout.flush();
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    if (who == As::ordinary_user) become_ordinary_user();
    int code = 98;
    try {
        code = body();
    } catch (const std::exception& error) {
        std::cerr << "child: " << error.what() << '\n';
    }
    std::cout.flush();
    std::fflush(nullptr);
    ::_exit(code);
}

inline int wait_for(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Exit codes of a supervised test body, besides its own.
inline constexpr int no_namespaces = 69;

/// Supervises `body` in a forked child; returns its exit code (negative: killed by that signal).
/// What the body writes to standard output and error is the test's.
inline int supervised(As who, const std::function<int()>& body) {
    const pid_t pid = fork_child(who, [&body] {
        const auto end = supervise({}, body);
        if (!end) {
            std::cerr << end.error().text() << '\n';
            return end.error().kind == ErrorKind::environment ? no_namespaces : 70;
        }
        return end->signal != 0 ? 100 + end->signal : end->exit_code;
    });
    return wait_for(pid);
}

/// Whether this machine has namespaces for such a user; says so when not. The only reason to skip.
inline bool namespaces_for(As who) {
    const bool there = supervised(who, [] { return 0; }) == 0;
    if (!there) std::cout << "skipped: this machine lacks namespaces for such a user\n";
    return there;
}

} // namespace faultlab::hosts_test
