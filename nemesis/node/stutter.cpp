// faultlab-node stutter: stops process groups for a part of each period, and lets them go on for
// the rest of it. Whatever ends it but SIGKILL, the groups run afterwards.
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/process_stat.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace faultlab::node {
namespace {

using Clock = std::chrono::steady_clock;

struct Rhythm {
    std::chrono::nanoseconds stop{};
    std::chrono::nanoseconds period{};
    std::vector<pid_t> groups;
};

/// A group that is gone is left out: its replica has died meanwhile.
void signal_groups(const std::vector<pid_t>& groups, int signal) {
    for (const pid_t group : groups)
        ::kill(-group, signal);
}

/// Whether the kernel says of the group's first process that it is stopped: a signal acts when each
/// thread gets a processor.
bool stands_still(pid_t group) {
    const auto stat = process_stat(group);
    return stat && stat->state == 'T';
}

class Stutter {
public:
    explicit Stutter(Rhythm rhythm) : rhythm_(std::move(rhythm)) {}

    void begin() {
        began_ = Clock::now();
        thread_ = std::jthread([this](const std::stop_token& stop) { beat(stop); });
    }

    void end() {
        if (thread_.joinable()) {
            thread_.request_stop();
            thread_.join();
        }
        signal_groups(rhythm_.groups, SIGCONT);
    }

    std::string report() {
        const std::scoped_lock lock(mutex_);
        const auto microseconds = [](auto time) {
            return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
        };
        return fmt::format(
            R"({{"cycles":{},"seen":{},"stopped_us":{},"longest_us":{},"elapsed_us":{}}})",
            cycles_,
            seen_,
            microseconds(stopped_),
            microseconds(longest_),
            microseconds(Clock::now() - began_));
    }

private:
    void beat(const std::stop_token& stop) {
        // Signals that end the helper are for the thread that undoes.
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        auto next = began_;
        while (!stop.stop_requested()) {
            const auto stopped_at = Clock::now();
            signal_groups(rhythm_.groups, SIGSTOP);
            wait_until(stopped_at + rhythm_.stop, stop);
            const bool seen = std::ranges::all_of(rhythm_.groups, stands_still);
            signal_groups(rhythm_.groups, SIGCONT);
            note(Clock::now() - stopped_at, seen);
            next = std::max(next + rhythm_.period, Clock::now());
            wait_until(next, stop);
        }
    }

    void wait_until(Clock::time_point time, const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        wake_.wait_until(lock, stop, time, [] { return false; });
    }

    void note(Clock::duration stopped, bool seen) {
        const std::scoped_lock lock(mutex_);
        ++cycles_;
        seen_ += seen ? 1 : 0;
        stopped_ += stopped;
        longest_ = std::max(longest_, stopped);
    }

    Rhythm rhythm_;
    Clock::time_point began_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    // Protected by mutex_:
    std::int64_t cycles_ = 0;
    std::int64_t seen_ = 0;
    Clock::duration stopped_{};
    Clock::duration longest_{};

    std::jthread thread_; // last: it uses all others
};

} // namespace

int run_stutter(std::span<char* const> arguments) {
    CLI::App app("stops process groups for a part of each period");
    HelperAddress address;
    Rhythm rhythm;
    std::int64_t stop = 0;
    std::int64_t period = 0;
    add_helper_address(app, address);
    app.add_option("--stop-ns", stop, "how long they are stopped")->required();
    app.add_option("--period-ns", period, "from one stop to the next")->required();
    app.add_option("--group", rhythm.groups, "process groups, as this host numbers them")
        ->required();
    if (const auto code = parse_arguments(app, arguments)) return *code;
    if (stop <= 0 || period <= stop) return complain(64, "a period is longer than a stop");
    // Group 1 would be everything there is, and 0 the helper itself.
    if (std::ranges::any_of(rhythm.groups, [](pid_t group) { return group <= 1; }))
        return complain(64, "no process group has such a number");
    rhythm.stop = std::chrono::nanoseconds(stop);
    rhythm.period = std::chrono::nanoseconds(period);
    Stutter stutter(std::move(rhythm));
    return serve(address,
                 {.begin = [&stutter] { stutter.begin(); },
                  .report = [&stutter] { return stutter.report(); },
                  .undo = [&stutter] { stutter.end(); }});
}

} // namespace faultlab::node
