#include "controller/cli/arguments.hpp"
#include "controller/cli/exit_codes.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    // A reader that goes away (`faultlab export … | head`) is an error of a write, not our death.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return faultlab::run_command_line(argc, argv);
    } catch (const std::exception& bug) {
        std::fprintf(stderr,
                     "faultlab: internal error: %s\n"
                     "  This is a bug of the lab, not of the system under test.\n",
                     bug.what());
        return faultlab::exit_lab_error;
    }
}
