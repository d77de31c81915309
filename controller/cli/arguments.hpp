#pragma once

namespace faultlab {

/// Reads the command line, carries it out and returns the exit code. A command line that cannot be
/// read ends with 64 and the nearest valid names.
int run_command_line(int argc, char** argv);

} // namespace faultlab
