#pragma once

#include "controller/cli/live_line.hpp"
#include "controller/engine/engine.hpp"
#include "core/plan.hpp"
#include "core/types.hpp"

#include <string>

namespace faultlab {

/// Shows on stderr how far a run is: one line that changes on a terminal; elsewhere a line at each
/// change of phase or of faults, and at least every ten seconds. Owned by one thread.
class ProgressPrinter {
public:
    explicit ProgressPrinter(const Plan& plan);
    ~ProgressPrinter(); ///< ends the line that changes
    ProgressPrinter(const ProgressPrinter&) = delete;
    ProgressPrinter& operator=(const ProgressPrinter&) = delete;

    void show(const Progress& progress);

private:
    Nanos load_length_;
    LiveLine line_;
    std::string shown_phase_;
    std::string shown_faults_;
    Nanos shown_at_ = 0;
};

/// The line that is shown, without an end of line.
[[nodiscard]] std::string progress_line(const Progress& progress, Nanos load_length);

} // namespace faultlab
