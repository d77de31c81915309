#include "replica/daemon/data_directory.hpp"
#include "replica/daemon/options.hpp"
#include "replica/daemon/shell.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace faultlab::replica {
namespace {

/// As the lab's own (controller/cli/exit_codes.hpp).
enum ExitCode : std::uint8_t {
    exit_ok = 0,
    exit_usage = 64,
    exit_environment = 69,
    exit_halted = 70
};

int fail(const Error& error) {
    fmt::print(stderr, "faultlab-replica: {}\n", error.text());
    switch (error.kind) {
        case ErrorKind::usage: return exit_usage;
        case ErrorKind::environment: return exit_environment;
        case ErrorKind::lab: return exit_halted;
    }
    return exit_halted;
}

int execute(const HelpText& help) {
    fmt::print("{}", help.text);
    return exit_ok;
}

int execute(const FormatOptions& options) {
    const auto formatted = format_directory(options);
    return formatted ? exit_ok : fail(formatted.error());
}

int execute(const RunOptions& options) {
    const auto ended = run_replica(options);
    if (!ended) return fail(ended.error());
    if (!*ended) return exit_ok;
    fmt::print(stderr, "faultlab-replica {}: halted: {}\n", options.format.self, **ended);
    return exit_halted;
}

int run(int argc, const char* const* argv) {
    try {
        const auto command = parse_command_line(argc, argv);
        if (!command) return fail(command.error());
        return std::visit([](const auto& options) { return execute(options); }, *command);
    } catch (const std::exception& problem) {
        return fail(lab_error(fmt::format("internal error: {}", problem.what())));
    }
}

} // namespace
} // namespace faultlab::replica

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    return faultlab::replica::run(argc, argv);
}
