#pragma once

#include <fmt/format.h>

#include <string_view>

namespace faultlab {

/// Opens what the caller closed of standard input, output and error, so that no file of the run
/// gets their numbers and what is printed later. Call first.
void open_standard_streams();

/// Write to standard output and standard error, and never throw: a reader that went away, or a full
/// disk, must not end a run whose faults are active. `delivered` tells of lost output.
void write_out(std::string_view text);
void write_note(std::string_view text);

/// A part of the result, on standard output.
template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
    write_out(fmt::format(text, std::forward<Args>(args)...));
}

/// Progress, a warning or an error, on standard error.
template <class... Args>
void note(fmt::format_string<Args...> text, Args&&... args) {
    write_note(fmt::format(text, std::forward<Args>(args)...));
}

/// The exit code of a command that said all it had to say: `code`, or that of a lab error when the
/// output was lost. A reader that had enough (`| head`) has lost nothing.
int delivered(int code);

} // namespace faultlab
