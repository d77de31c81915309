#pragma once

#include "core/result.hpp"
#include "core/verdict.hpp"

#include <span>

namespace faultlab {

/// What the process says to its caller (the table in the README).
enum ExitCode : int {
    exit_valid = 0,
    exit_violation = 1,
    exit_unknown = 2,
    exit_nothing_selected = 4,
    exit_usage = 64,
    exit_environment = 69,
    exit_lab_error = 70,
    exit_interrupted = 130,
    exit_terminated = 143,
};

[[nodiscard]] constexpr int exit_code(Verdict verdict) {
    switch (verdict) {
        case Verdict::valid: return exit_valid;
        case Verdict::unknown: return exit_unknown;
        case Verdict::invalid: return exit_violation;
    }
    return exit_unknown;
}

[[nodiscard]] constexpr int exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::usage: return exit_usage;
        case ErrorKind::environment: return exit_environment;
        case ErrorKind::lab: return exit_lab_error;
    }
    return exit_lab_error;
}

/// The code of several outcomes together: a violation wins over everything, then a failure of the
/// lab, an interruption, an unfit environment, unknown, valid.
[[nodiscard]] int combined_exit_code(std::span<const int> codes);

} // namespace faultlab
