#pragma once

#include <span>
#include <string>
#include <string_view>

/// The multi-tool on a host, `faultlab-node`: what a fault needs a program for. One file and one
/// line in catalogue.cpp a tool. Tools end with 0, or with a complaint in one line and 64 (they
/// were asked for what cannot be), 69 (the host cannot do it) or 70.
namespace faultlab::node {

struct Tool {
    std::string_view name;
    std::string_view summary;
    /// The arguments after the name.
    int (*run)(std::span<char* const> arguments);
};

[[nodiscard]] std::span<const Tool> tools();

int run_ask(std::span<char* const> arguments);
int run_burn(std::span<char* const> arguments);
int run_can(std::span<char* const> arguments);
int run_clock(std::span<char* const> arguments);
int run_clock_read(std::span<char* const> arguments);
int run_clock_undo(std::span<char* const> arguments);
int run_confine(std::span<char* const> arguments);
int run_confined(std::span<char* const> arguments);
int run_corrupt(std::span<char* const> arguments);
int run_disk(std::span<char* const> arguments);
int run_idle(std::span<char* const> arguments);
int run_ping(std::span<char* const> arguments);
int run_release(std::span<char* const> arguments);
int run_reset(std::span<char* const> arguments);
int run_rlimit(std::span<char* const> arguments);
int run_shape(std::span<char* const> arguments);
int run_stutter(std::span<char* const> arguments);

/// Prints the complaint, and returns the code.
int complain(int code, std::string_view what);

} // namespace faultlab::node
