#pragma once

#include "tests/support/command.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace faultlab::test {

/// Runs the built binary with these arguments on this lab directory.
Finished lab_command(const TemporaryDirectory& lab,
                     std::vector<std::string> arguments,
                     const RunOptions& options = {});

std::string contents(const std::filesystem::path& file);

/// The directories of a lab's runs.
std::vector<std::filesystem::path> runs_of(const TemporaryDirectory& lab);

/// The directory of the only run of a lab. Throws when there is another number of them.
std::filesystem::path only_run(const TemporaryDirectory& lab);

/// Arguments of the processes that name this lab: replicas keep their data there.
std::vector<std::string> processes_of(const TemporaryDirectory& lab);

/// Sends the signal to the program after so much time.
RunOptions signalled(int signal, std::chrono::milliseconds after);

} // namespace faultlab::test
