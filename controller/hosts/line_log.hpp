#pragma once

#include "controller/hosts/descriptor.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace faultlab {

/// A log file whose lines begin with the time of the run in seconds at which their first byte was
/// read ("12.345678 "). Appends; several may write to one file, line by line. Not thread-safe.
class LineLog {
public:
    static Result<LineLog> open(const std::filesystem::path& file);

    /// Adds bytes as they arrive. Whole lines are written at once, the beginning of one when its
    /// end arrives (or when it has become very long). A full disk loses them: the program that
    /// writes must not be held up by it.
    void feed(std::string_view bytes, Nanos now);
    /// Writes the last line, also when it lacks its end.
    void finish();

private:
    explicit LineLog(Descriptor file) : file_(std::move(file)) {}
    void append(std::string_view bytes, Nanos now);
    void write_ready();

    Descriptor file_;
    std::string ready_;    ///< whole lines, not written yet
    std::string line_;     ///< the beginning of a line, with its time
    bool in_line_ = false; ///< a line has begun
};

} // namespace faultlab
