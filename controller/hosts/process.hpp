#pragma once

#include "core/host.hpp"
#include "core/result.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {

/// Where a program is started. The descriptors of namespaces (/proc/PID/ns/…) belong to the caller
/// and are entered by the child between fork and exec, so that any thread can start programs in
/// any host, several at once.
struct LaunchContext {
    std::vector<int> namespaces;
    std::filesystem::path directory; ///< working directory, which exists; empty: the caller's
    /// Added to the minimal environment PATH, HOME, LANG; later ones win.
    std::vector<std::pair<std::string, std::string>> environment;
};

/// Numbers of the descriptors that become a child's standard streams. Owned by the caller.
struct Streams {
    int in = -1;
    int out = -1;
    int err = -1;
};

/// Starts a program in a process group of its own, with default signal dispositions, no signal
/// blocked, and no descriptor but its three streams. Returns its pid, which the caller has to reap.
/// A program that cannot be executed is an error, and leaves no process. Thread-safe.
Result<pid_t>
launch(const std::vector<std::string>& argv, const LaunchContext& context, const Streams& streams);

/// Runs a program to its end, as core/host.hpp describes it. Both outputs are read side by side, so
/// that neither can block the program; what exceeds the limit is read and dropped. When the program
/// ends or its time is over, what is left of its process group is killed. Thread-safe.
Result<Output> run_command(const Command& command, const LaunchContext& context = {});

/// The file that a program's name stands for: itself when it has a slash, else the first executable
/// of that name in PATH or in the system's directories for administrators' programs.
Result<std::filesystem::path> find_program(std::string_view name);

/// What the processes of a group do, from /proc: stopped when none that lives can go on; those that
/// ended but were not waited for yet are gone.
[[nodiscard]] ProcessState group_state(pid_t group);

/// For threads that only serve others: signals are handled by the threads that mean to.
void block_all_signals();

} // namespace faultlab
