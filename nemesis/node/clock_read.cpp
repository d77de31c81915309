// faultlab-node clock-read: by how much the clocks of the processes of this host differ from the
// kernel's, measured by executing a copy of the code that stands in each of them. A process whose
// code is the kernel's has the kernel's clocks.
#include "nemesis/node/clock_copy.hpp"
#include "nemesis/node/clock_patch.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/neighbours.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>
#include <vector>

namespace faultlab::node {
namespace {

constexpr int tries_at_the_ends = 25;
constexpr int tries_between = 3;
constexpr auto between_readings = std::chrono::microseconds(200);

/// One clock of one process over the time of the measurement.
struct Course {
    std::size_t clock = 0;
    ClockCopy::Offset first;
    ClockCopy::Offset last;
    std::int64_t least = 0;
    std::int64_t most = 0;

    void see(const ClockCopy::Offset& seen) {
        constexpr std::int64_t too_vague = 50'000; // it was interrupted
        if (seen.error > too_vague) return;
        least = std::min(least, seen.offset);
        most = std::max(most, seen.offset);
        last = seen;
    }
    [[nodiscard]] std::string text() const {
        constexpr std::int64_t too_short = 50'000'000; // the errors would be all of it
        const std::int64_t took = last.at - first.at;
        const std::int64_t gained = last.offset - first.offset;
        const double ppm =
            took < too_short ? 0 : static_cast<double>(gained) * 1e6 / static_cast<double>(took);
        return fmt::format(
            R"({{"offset": {}, "error": {}, "least": {}, "most": {}, "ppm": {:.3f}}})",
            last.offset,
            last.error,
            least,
            most,
            ppm);
    }
};

struct Measured {
    Neighbour process;
    ClockPatcher::Look look;
    std::vector<ClockCopy> copy; ///< one when it is patched
    Course realtime{.clock = CLOCK_REALTIME};
    Course monotonic{.clock = CLOCK_MONOTONIC};
};

std::vector<Measured> skewed_or_not(const ClockPatcher& patcher) {
    std::vector<Measured> all;
    for (Neighbour& process : neighbours()) {
        Measured measured{.process = std::move(process)};
        measured.look = patcher.look(measured.process.pid);
        if (measured.look.seen == ClockPatcher::Seen::nothing) continue;
        if (measured.look.seen == ClockPatcher::Seen::patched)
            measured.copy.emplace_back(measured.look.image, patcher.vdso());
        all.push_back(std::move(measured));
    }
    return all;
}

void each_course(std::vector<Measured>& all, auto action) {
    for (Measured& measured : all) {
        for (const ClockCopy& copy : measured.copy) {
            action(measured.realtime, copy);
            action(measured.monotonic, copy);
        }
    }
}

void measure(std::vector<Measured>& all, std::int64_t window) {
    each_course(all, [](Course& course, const ClockCopy& copy) {
        course.first = copy.offset(course.clock, tries_at_the_ends);
        course.least = course.most = course.first.offset;
    });
    const std::int64_t end = true_time(CLOCK_MONOTONIC) + window;
    while (true_time(CLOCK_MONOTONIC) < end) {
        std::this_thread::sleep_for(between_readings);
        each_course(all, [](Course& course, const ClockCopy& copy) {
            course.see(copy.offset(course.clock, tries_between));
        });
    }
    each_course(all, [](Course& course, const ClockCopy& copy) {
        course.see(copy.offset(course.clock, tries_at_the_ends));
    });
}

} // namespace

int run_clock_read(std::span<char* const> arguments) {
    CLI::App app("measures the clocks of the processes of this host");
    std::int64_t window = 0;
    app.add_option("--window", window, "how long, in ns");
    if (const auto code = parse_arguments(app, arguments)) return *code;
    std::vector<Measured> all = skewed_or_not(ClockPatcher());
    measure(all, window);
    std::int64_t strange = 0;
    std::int64_t clean = 0;
    std::vector<std::string> skewed;
    for (const Measured& measured : all) {
        strange += measured.look.seen == ClockPatcher::Seen::strange ? 1 : 0;
        clean += measured.look.seen == ClockPatcher::Seen::clean ? 1 : 0;
        if (measured.copy.empty()) continue;
        skewed.push_back(fmt::format(R"({{"pid": {}, "realtime": {}, "monotonic": {}}})",
                                     measured.process.pid,
                                     measured.realtime.text(),
                                     measured.monotonic.text()));
    }
    fmt::print(R"({{"clean": {}, "strange": {}, "skewed": [{}]}})"
               "\n",
               clean,
               strange,
               fmt::join(skewed, ", "));
    return 0;
}

} // namespace faultlab::node
