#include "controller/cli/arguments.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/streams.hpp"

#include <csignal>
#include <exception>

int main(int argc, char** argv) {
    // A reader that goes away (`faultlab export … | head`) is an error of a write, not our death.
    std::signal(SIGPIPE, SIG_IGN);
    faultlab::open_standard_streams();
    try {
        return faultlab::delivered(faultlab::run_command_line(argc, argv));
    } catch (const std::exception& bug) {
        faultlab::note("faultlab: internal error: {}\n"
                       "  This is a bug of the lab, not of the system under test.\n",
                       bug.what());
        return faultlab::exit_lab_error;
    }
}
