#pragma once

#include "tests/support/catch.hpp"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

namespace faultlab::store_test {

/// A forked process that runs `body`, which returns what went wrong (empty: nothing). Killed at the
/// end of its life here at the latest. Requires: no other thread in the calling process.
class Child {
public:
    template <class Body>
    explicit Child(Body body) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            const std::string wrong = body();
            const bool told =
                ::write(ends[1], wrong.data(), wrong.size()) == static_cast<ssize_t>(wrong.size());
            ::_exit(told && wrong.empty() ? 0 : 1);
        }
        ::close(ends[1]);
        output_ = ends[0];
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        kill();
        ::close(output_);
    }

    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    /// Waits for its end; what went wrong in it.
    std::string join() {
        std::string text;
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(output_, buffer, sizeof buffer)) > 0;)
            text.append(buffer, static_cast<std::size_t>(n));
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = 0;
        if (text.empty() && status != 0) text = "the child ended with " + std::to_string(status);
        return text;
    }

private:
    pid_t pid_ = 0;
    int output_ = -1;
};

/// Looks again and again until it holds, for thirty seconds.
template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

} // namespace faultlab::store_test
