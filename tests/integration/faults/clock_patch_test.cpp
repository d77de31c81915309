// The clocks of processes that run: that they are skewed while a patch is on, true before and
// after, and never anything between. Linux on x86-64; no lab is needed.
#include "nemesis/node/clock_copy.hpp"
#include "nemesis/node/clock_patch.hpp"
#include "tests/support/catch.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

using namespace faultlab::node;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::uint64_t owner = 7;

/// Another process, which does what it is told with clocks.
class Child {
public:
    explicit Child(const std::function<void()>& body) : pid_(::fork()) {
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        ::_exit(0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, __WALL);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// How it ended, once it has.
    [[nodiscard]] bool runs() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }

private:
    pid_t pid_;
};

/// Memory that parent and child have in common.
template <class T>
class Shared {
public:
    Shared()
        : memory_(::mmap(
              nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        std::construct_at(static_cast<T*>(memory_));
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { ::munmap(memory_, sizeof(T)); }
    T* operator->() const { return static_cast<T*>(memory_); }

private:
    void* memory_;
};

std::int64_t in_ns(const timespec& time) {
    return std::int64_t{time.tv_sec} * second + time.tv_nsec;
}

std::int64_t library_time(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return in_ns(now);
}

/// What a child sees, written by itself: each clock minus the true one.
struct Readings {
    std::atomic<std::int64_t> asked = 0;
    std::atomic<std::int64_t> answered = 0;
    std::int64_t realtime = 0;
    std::int64_t coarse = 0;
    std::int64_t monotonic = 0;
    std::int64_t timeofday = 0; ///< in µs
    std::int64_t seconds = 0;   ///< time() minus the seconds of the coarse clock
    std::int64_t processor = 0; ///< CLOCK_PROCESS_CPUTIME_ID
};

void answer(Readings& readings) {
    while (readings.asked == readings.answered)
        ::usleep(100);
    readings.realtime = library_time(CLOCK_REALTIME) - true_time(CLOCK_REALTIME);
    readings.coarse = library_time(CLOCK_REALTIME_COARSE) - true_time(CLOCK_REALTIME_COARSE);
    readings.monotonic = library_time(CLOCK_MONOTONIC) - true_time(CLOCK_MONOTONIC);
    timeval day{};
    ::gettimeofday(&day, nullptr);
    readings.timeofday =
        std::int64_t{day.tv_sec} * 1'000'000 + day.tv_usec - true_time(CLOCK_REALTIME) / 1000;
    const std::int64_t whole = ::time(nullptr);
    readings.seconds = whole - library_time(CLOCK_REALTIME_COARSE) / second;
    readings.processor = library_time(CLOCK_PROCESS_CPUTIME_ID);
    readings.answered = readings.asked.load();
}

void ask(const Shared<Readings>& readings) {
    ++readings->asked;
    while (readings->asked != readings->answered)
        ::usleep(100);
}

bool about(std::int64_t value, std::int64_t wanted, std::int64_t tolerance) {
    return value >= wanted - tolerance && value <= wanted + tolerance;
}

constexpr std::int64_t milli = 1'000'000;
constexpr std::int64_t busy = 20 * milli; ///< a machine may take so long between two readings

/// Does it again while the machine is too busy to give a thread a processor to stop on.
std::string patiently(const std::function<std::string()>& work) {
    std::string problem;
    for (int i = 0; i < 20; ++i) {
        problem = work();
        if (problem.find("does not stop") == std::string::npos) break;
    }
    return problem;
}

ClockSkew realtime_offset(std::int64_t offset) {
    return {.clocks = realtime_clocks, .offset = offset};
}

void pass(std::int64_t ns) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(ns));
}

} // namespace

TEST_CASE("an offset moves the wall clock of a process alone, by all of its functions",
          "[faults]") {
    const ClockPatcher patcher;
    const Shared<Readings> readings;
    const Child child([&] {
        for (;;)
            answer(*readings.operator->());
    });
    ask(readings);
    CHECK(about(readings->realtime, 0, busy));
    CHECK(patcher.look(child.pid()).seen == ClockPatcher::Seen::clean);

    for (const std::int64_t offset : {90 * second, -3600 * second - 500 * milli, 5 * milli}) {
        REQUIRE(patiently([&] {
                    return patcher.install(child.pid(), owner, realtime_offset(offset));
                }) == "");
        ask(readings);
        CHECK(about(readings->realtime, offset, busy));
        CHECK(about(readings->coarse, offset, busy));
        CHECK(about(readings->timeofday, offset / 1000, busy / 1000));
        CHECK(about(readings->seconds, 0, 1));
        CHECK(about(readings->monotonic, 0, busy));
        CHECK(about(readings->processor, 0, 10 * second));
        const auto seen = patcher.look(child.pid());
        REQUIRE(seen.seen == ClockPatcher::Seen::patched);
        CHECK(seen.patch.owner == owner);
        CHECK(seen.patch.whole);
        const ClockCopy copy(seen.image, patcher.vdso());
        CHECK(about(copy.offset(CLOCK_REALTIME, 20).offset, offset, milli / 10));
        CHECK(about(copy.offset(CLOCK_MONOTONIC, 20).offset, 0, milli / 10));
    }
    CHECK(about(library_time(CLOCK_REALTIME) - true_time(CLOCK_REALTIME), 0, busy));

    REQUIRE(patiently([&] { return patcher.restore(child.pid()); }) == "");
    CHECK(patcher.look(child.pid()).seen == ClockPatcher::Seen::clean);
    ask(readings);
    CHECK(about(readings->realtime, 0, busy));
    CHECK(about(readings->seconds, 0, 1));
    REQUIRE(patiently([&] { return patcher.restore(child.pid()); }) == "");
}

TEST_CASE("a rate makes a clock go ahead or behind in proportion to time", "[faults]") {
    const ClockPatcher patcher;
    const Shared<Readings> readings;
    const Child child([&] {
        for (;;)
            answer(*readings.operator->());
    });
    for (const double rate : {0.5, -0.25, 0.001}) {
        ClockSkew skew{.clocks = realtime_clocks | monotonic_clocks,
                       .rate = static_cast<std::int64_t>(rate * 4294967296.0)};
        for (std::size_t clock = 0; clock < skewable_clocks; ++clock)
            skew.base.at(clock) = true_time(clock);
        REQUIRE(patiently([&] { return patcher.install(child.pid(), owner, skew); }) == "");
        const auto seen = patcher.look(child.pid());
        const ClockCopy copy(seen.image, patcher.vdso());
        for (const std::size_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
            const auto first = copy.offset(clock, 50);
            pass(second);
            const auto last = copy.offset(clock, 50);
            const double measured = static_cast<double>(last.offset - first.offset) /
                                    static_cast<double>(last.at - first.at);
            CHECK(measured == Approx(rate).epsilon(0.01));
            CHECK(skew_at(seen.patch.skew, clock, last.at) == Approx(last.offset).margin(50'000));
        }
        ask(readings);
        const auto now = static_cast<double>(readings->monotonic);
        CHECK(now == Approx(rate * 3e9).epsilon(0.2));
    }
}

TEST_CASE("a strobe is there for a period, and away for a period", "[faults]") {
    const ClockPatcher patcher;
    const Child child([] { ::pause(); });
    ClockSkew skew{.clocks = realtime_clocks, .strobe = -200 * milli, .strobe_period = 20 * milli};
    skew.base.fill(true_time(CLOCK_REALTIME));
    REQUIRE(patiently([&] { return patcher.install(child.pid(), owner, skew); }) == "");
    const auto seen = patcher.look(child.pid());
    const ClockCopy copy(seen.image, patcher.vdso());
    int there = 0;
    int away = 0;
    int elsewhere = 0;
    int changes = 0;
    bool was_there = true;
    for (const std::int64_t end = true_time(CLOCK_REALTIME) + second;
         true_time(CLOCK_REALTIME) < end;) {
        const auto offset = copy.offset(CLOCK_REALTIME, 3).offset;
        const bool is_there = about(offset, -200 * milli, milli);
        const bool is_away = about(offset, 0, milli);
        there += is_there ? 1 : 0;
        away += is_away ? 1 : 0;
        elsewhere += !is_there && !is_away ? 1 : 0;
        changes += is_there != was_there ? 1 : 0;
        was_there = is_there;
        pass(milli / 4);
    }
    CHECK(there > 100);
    CHECK(away > 100);
    CHECK(elsewhere <= 2); // a jump between two readings of one measurement
    CHECK(about(changes, 50, 10));
}

TEST_CASE("a child that a process forks has its clocks, a program that it executes has not",
          "[faults]") {
    const ClockPatcher patcher;
    struct Family {
        std::atomic<int> step = 0;
        std::atomic<pid_t> forked = 0;
        std::atomic<std::int64_t> offset = 0;
    };
    const Shared<Family> family;
    const Child child([&] {
        while (family->step == 0)
            ::usleep(100);
        const pid_t forked = ::fork();
        if (forked == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            family->offset = library_time(CLOCK_REALTIME) - true_time(CLOCK_REALTIME);
            family->forked = ::getpid();
            while (family->step == 1)
                ::usleep(100);
            ::execlp("sleep", "sleep", "100", nullptr);
        }
        ::waitpid(forked, nullptr, 0);
    });
    REQUIRE(patiently([&] {
                return patcher.install(child.pid(), owner, realtime_offset(100 * second));
            }) == "");
    family->step = 1;
    while (family->forked == 0)
        ::usleep(100);
    CHECK(about(family->offset, 100 * second, busy));
    CHECK(patcher.look(family->forked).seen == ClockPatcher::Seen::patched);
    family->step = 2;
    for (int i = 0; i < 1000; ++i) {
        if (patcher.look(family->forked).seen == ClockPatcher::Seen::clean) break;
        pass(5 * milli);
    }
    CHECK(patcher.look(family->forked).seen == ClockPatcher::Seen::clean);
    ::kill(family->forked, SIGKILL);
}

namespace {

constexpr std::int64_t hour = 3600 * second;

/// What threads that do nothing but read clocks have seen.
struct Hammered {
    std::atomic<std::int64_t> readings = 0;
    std::atomic<std::int64_t> ahead = 0; ///< of them, an hour ahead
    std::atomic<std::int64_t> torn = 0;  ///< neither true nor an hour ahead
    std::atomic<std::int64_t> back = 0;  ///< of a monotonic clock
    std::atomic<std::int64_t> signals = 0;
};

void hammer(Hammered& seen) {
    std::int64_t last = 0;
    for (;;) {
        const std::int64_t before = true_time(CLOCK_REALTIME);
        const std::int64_t told = library_time(CLOCK_REALTIME);
        const std::int64_t after = true_time(CLOCK_REALTIME);
        const bool is_true = told >= before && told <= after;
        const bool is_ahead = told >= before + hour && told <= after + hour;
        const std::int64_t monotonic = library_time(CLOCK_MONOTONIC);
        ++seen.readings;
        if (is_ahead) ++seen.ahead;
        if (!is_true && !is_ahead) ++seen.torn;
        if (monotonic < last) ++seen.back;
        last = monotonic;
    }
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): handlers get no arguments
Hammered* signalled = nullptr;

/// Threads that read clocks, and are interrupted by a timer as programs with profilers are.
void hammer_in_threads(Hammered& seen, int threads) {
    signalled = &seen;
    std::signal(SIGALRM, [](int) { ++signalled->signals; });
    const itimerval often{.it_interval = {.tv_usec = 700}, .it_value = {.tv_usec = 700}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i)
        running.emplace_back([&seen] { hammer(seen); });
}

} // namespace

TEST_CASE("threads that read clocks all the time see true ones or skewed ones", "[faults]") {
    const ClockPatcher patcher;
    const Shared<Hammered> seen;
    const Child child([&] { hammer_in_threads(*seen.operator->(), 3); });
    while (seen->readings < 1000)
        pass(milli);
    for (int i = 0; i < 1000; ++i) {
        INFO("round " << i);
        REQUIRE(patiently([&] {
                    return patcher.install(child.pid(), owner, realtime_offset(hour));
                }) == "");
        // Another skew while this one is in use: the same offset by other words.
        ClockSkew same{.clocks = realtime_clocks, .strobe = hour, .strobe_period = 1'000 * hour};
        same.base.fill(true_time(CLOCK_REALTIME));
        REQUIRE(patiently([&] { return patcher.install(child.pid(), owner, same); }) == "");
        REQUIRE(patiently([&] { return patcher.restore(child.pid()); }) == "");
        REQUIRE(child.runs());
    }
    CHECK(seen->torn == 0);
    CHECK(seen->back == 0);
    CHECK(seen->ahead > 0);
    CHECK(seen->readings > seen->ahead);
    CHECK(seen->signals > 0);
}

TEST_CASE("a monotonic clock that was fast is slowed down until it is true", "[faults]") {
    const ClockPatcher patcher;
    const Shared<Hammered> seen;
    const Child child([&] { hammer_in_threads(*seen.operator->(), 2); });
    while (seen->readings < 1000)
        pass(milli);
    for (int i = 0; i < 20; ++i) {
        const ClockSkew fast{.clocks = monotonic_clocks, .offset = 5 * milli, .rate = 1LL << 31};
        REQUIRE(patiently([&] { return patcher.install(child.pid(), owner, fast); }) == "");
        pass(20 * milli);
        const std::int64_t until = patcher.slow_down(child.pid());
        CHECK(until > 0);
        const auto slowed = patcher.look(child.pid());
        CHECK(about(skew_at(slowed.patch.skew, CLOCK_MONOTONIC, until), -9 * milli, milli));
        while (true_time(CLOCK_MONOTONIC) < until)
            pass(milli);
        REQUIRE(patiently([&] { return patcher.restore(child.pid()); }) == "");

        const ClockSkew slow{.clocks = monotonic_clocks, .rate = -(1LL << 31)};
        REQUIRE(patiently([&] { return patcher.install(child.pid(), owner, slow); }) == "");
        pass(5 * milli);
        CHECK(patcher.slow_down(child.pid()) == 0);
        REQUIRE(patiently([&] { return patcher.restore(child.pid()); }) == "");
    }
    CHECK(seen->back == 0);
    CHECK(seen->torn == 0);
}

TEST_CASE("a stopped process is patched and stays stopped", "[faults]") {
    const ClockPatcher patcher;
    const Child child([] {
        for (;;)
            ::usleep(1000);
    });
    ::kill(child.pid(), SIGSTOP);
    int status = 0;
    REQUIRE(::waitpid(child.pid(), &status, WUNTRACED) == child.pid());
    REQUIRE(patiently([&] { return patcher.install(child.pid(), owner, realtime_offset(hour)); }) ==
            "");
    CHECK(patcher.look(child.pid()).seen == ClockPatcher::Seen::patched);
    pass(20 * milli);
    std::array<char, 256> line{};
    std::FILE* const file =
        std::fopen(("/proc/" + std::to_string(child.pid()) + "/stat").c_str(), "r");
    REQUIRE(std::fgets(line.data(), line.size(), file) != nullptr);
    std::fclose(file);
    const std::string text(line.data());
    CHECK(text.substr(text.rfind(')') + 2, 1) == "T");
    REQUIRE(patiently([&] { return patcher.restore(child.pid()); }) == "");
}

TEST_CASE("a process that is gone is no mystery", "[faults]") {
    const ClockPatcher patcher;
    pid_t pid = 0;
    {
        const Child child([] { ::pause(); });
        pid = child.pid();
    }
    CHECK(patcher.look(pid).seen == ClockPatcher::Seen::nothing);
    CHECK(patcher.install(pid, owner, realtime_offset(1)) != "");
    CHECK(patcher.restore(pid) != "");
    CHECK(patcher.slow_down(pid) == 0);
}
