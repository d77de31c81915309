#include "controller/cli/progress.hpp"

#include "controller/cli/streams.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace faultlab {
std::string progress_line(const Progress& progress, Nanos load_length) {
    std::string line = fmt::format("{:<11} {:>4} s", progress.phase, progress.elapsed / second);
    if (progress.phase == "load") line += fmt::format(" of {} s", load_length / second);
    if (progress.ok + progress.fail + progress.info > 0) {
        line += fmt::format("  {}/s  ok {} fail {} unknown {}",
                            progress.rate,
                            progress.ok,
                            progress.fail,
                            progress.info);
    }
    if (!progress.leaders.empty()) line += fmt::format("  leader {}", progress.leaders);
    if (!progress.faults.empty()) {
        line += fmt::format("  FAULT {}", fmt::join(progress.faults, "; "));
    }
    return line;
}

ProgressPrinter::ProgressPrinter(const Plan& plan) : load_length_(plan.duration) {}

ProgressPrinter::~ProgressPrinter() {
    line_.end();
}

void ProgressPrinter::show(const Progress& progress) {
    const std::string line = progress_line(progress, load_length_);
    if (line_.terminal()) return line_.draw(line);
    const std::string faults = fmt::format("{}", fmt::join(progress.faults, "; "));
    const bool changed = progress.phase != shown_phase_ || faults != shown_faults_;
    if (!changed && progress.elapsed - shown_at_ < 10 * second) return;
    note("{}\n", line);
    shown_phase_ = progress.phase;
    shown_faults_ = faults;
    shown_at_ = progress.elapsed;
}

} // namespace faultlab
