#include "tests/support/lab_command.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace faultlab::test {

namespace fs = std::filesystem;

Finished lab_command(const TemporaryDirectory& lab,
                     std::vector<std::string> arguments,
                     const RunOptions& options) {
    // The binary stands beside the test program in the build folder.
    const fs::path binary = fs::read_symlink("/proc/self/exe").parent_path() / "faultlab";
    arguments.insert(arguments.begin(), binary.string());
    arguments.insert(arguments.end(), {"--lab", lab.path().string()});
    return run_command(arguments, options);
}

std::string contents(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

std::vector<fs::path> runs_of(const TemporaryDirectory& lab) {
    std::vector<fs::path> runs;
    for (const auto& entry : fs::directory_iterator(lab.path())) {
        if (entry.is_directory()) runs.push_back(entry.path());
    }
    return runs;
}

fs::path only_run(const TemporaryDirectory& lab) {
    const std::vector<fs::path> runs = runs_of(lab);
    if (runs.size() != 1) throw std::runtime_error("the lab does not have just one run");
    return runs.front();
}

std::vector<std::string> processes_of(const TemporaryDirectory& lab) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string arguments = contents(entry.path() / "cmdline");
        if (arguments.find(lab.path().string()) != std::string::npos) found.push_back(arguments);
    }
    return found;
}

RunOptions signalled(int signal, std::chrono::milliseconds after) {
    return {.act_after = after, .act = [signal](pid_t pid) { ::kill(pid, signal); }};
}

} // namespace faultlab::test
