#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// The code that stands in for a process' clock functions, and what it works with.
///
/// It asks the kernel by a real system call and adds to the answer. One block of data and code that
/// does not depend on where it lies; it calls nothing, has no storage but its stack, and keeps all
/// registers that a C function has to keep. x86-64 only.
namespace faultlab::node {

constexpr std::size_t skewable_clocks = 8;

/// How the clocks of a process differ from the kernel's. With e = true time - base of the clock:
///
///     time = true time + offset + e × rate / 2^32 + (e / strobe_period is even ? strobe : 0)
///
/// in nanoseconds. The layout is known to the code.
struct ClockSkew {
    std::uint64_t clocks = 0; ///< bit i: the clock that the kernel numbers i; 0: all are true
    std::int64_t offset = 0;
    std::int64_t rate = 0; ///< 2^32 is as much again as true time. Requires: |rate| < 2^32
    std::int64_t strobe = 0;
    std::int64_t strobe_period = 0; ///< 0: no strobe
    std::int64_t reserved = 0;
    std::array<std::int64_t, skewable_clocks> base{}; ///< of each clock
    std::array<std::int64_t, 2> padding{};
    friend bool operator==(const ClockSkew&, const ClockSkew&) = default;
};
static_assert(sizeof(ClockSkew) == 128);

/// What lies before the code. Readers take skews[generation & 1], and begin again when the
/// generation has changed meanwhile: the writer fills the other one, then writes the one byte.
struct StubData {
    std::array<char, 8> mark{}; ///< clock_stub_mark: this is our code
    std::uint64_t owner = 0;    ///< which fault
    std::uint8_t generation = 0;
    std::array<std::uint8_t, 15> padding{};
    std::array<ClockSkew, 2> skews{};
    friend bool operator==(const StubData&, const StubData&) = default;
};
static_assert(sizeof(StubData) == 288);

constexpr std::array<char, 8> clock_stub_mark = {'F', 'L', 'c', 'l', 'o', 'c', 'k', '1'};

/// Where the three functions begin, counted from the beginning of the data.
struct StubEntries {
    std::size_t clock_gettime = 0;
    std::size_t gettimeofday = 0;
    std::size_t time = 0;
};

/// Data, which is to be filled, and code. Empty on other machines than x86-64.
[[nodiscard]] std::span<const std::byte> clock_stub();
[[nodiscard]] StubEntries clock_stub_entries();

/// What the code adds to a reading of the clock. Requires: clock < skewable_clocks.
[[nodiscard]] std::int64_t
skew_at(const ClockSkew& skew, std::size_t clock, std::int64_t true_time);

} // namespace faultlab::node
