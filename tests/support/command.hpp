#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace faultlab::test {

/// How a program ended, and what it printed.
struct Finished {
    int exit_code = -1;  ///< -1: by a signal
    int signal = 0;
    std::string out;
    std::string err;
};

struct RunOptions {
    std::filesystem::path directory;  ///< working directory; empty: the caller's
    std::chrono::seconds limit{120};  ///< then it is killed and the test fails
    /// Called once with the program's pid after this much time, while it runs.
    std::chrono::milliseconds act_after{0};
    std::function<void(pid_t)> act;
    /// Called in the child before exec: namespaces, limits, identity.
    std::function<void()> prepare;
};

/// Runs a program to its end. Throws std::runtime_error when it takes too long.
Finished run_command(const std::vector<std::string>& argv, const RunOptions& options = {});

/// A directory that is removed with everything in it.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace faultlab::test
