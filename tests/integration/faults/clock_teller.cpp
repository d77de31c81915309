// A program for tests of clock faults: it and a child that it forks write, a hundred times a
// second, what their library tells them of the time, each minus what the kernel says, to a file
// each: told, told-child. A line: µs of realtime, gettimeofday, monotonic; seconds of time() minus
// those of the coarse clock; and how often a monotonic clock went back.
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>

namespace {

std::int64_t micros(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

std::int64_t kernel_says(clockid_t clock) {
    timespec now{};
    ::syscall(SYS_clock_gettime, clock, &now);
    return micros(now);
}

std::int64_t library_says(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return micros(now);
}

/// The middle of two readings of the kernel's clock is nearest to one between them.
template <class Reading>
std::int64_t offset(clockid_t clock, Reading reading) {
    const std::int64_t before = kernel_says(clock);
    const std::int64_t told = reading();
    const std::int64_t after = kernel_says(clock);
    return told - (before + after) / 2;
}

[[noreturn]] void tell(const char* file) {
    std::FILE* const told = std::fopen(file, "a");
    std::int64_t back = 0;
    std::int64_t last = 0;
    for (;;) {
        for (int i = 0; i < 1000; ++i) {
            const std::int64_t now = library_says(CLOCK_MONOTONIC);
            if (now < last) ++back;
            last = now;
        }
        const std::int64_t real =
            offset(CLOCK_REALTIME, [] { return library_says(CLOCK_REALTIME); });
        const std::int64_t day = offset(CLOCK_REALTIME, [] {
            timeval now{};
            ::gettimeofday(&now, nullptr);
            return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_usec;
        });
        const std::int64_t monotonic =
            offset(CLOCK_MONOTONIC, [] { return library_says(CLOCK_MONOTONIC); });
        const std::int64_t seconds =
            ::time(nullptr) - library_says(CLOCK_REALTIME_COARSE) / 1'000'000;
        std::fprintf(told,
                     "%lld %lld %lld %lld %lld\n",
                     static_cast<long long>(real),
                     static_cast<long long>(day),
                     static_cast<long long>(monotonic),
                     static_cast<long long>(seconds),
                     static_cast<long long>(back));
        std::fflush(told);
        ::usleep(10'000);
    }
}

} // namespace

int main() {
    if (::fork() == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        tell("told-child");
    }
    tell("told");
}
