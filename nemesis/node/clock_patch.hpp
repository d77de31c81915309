#pragma once

#include "nemesis/node/clock_stub.hpp"
#include "nemesis/node/stopped_process.hpp"
#include "nemesis/node/vdso.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// The clocks of running processes, one process at a time: the functions of its vDSO begin with a
/// jump to the stub, which lies in the part of the image that is empty. Only that process is
/// touched: it gets pages of its own. Children that it forks have the same clocks; a program that
/// it executes has true ones.
namespace faultlab::node {

/// What was found in a process.
struct FoundPatch {
    std::uint64_t owner = 0;
    ClockSkew skew;
    bool whole = true; ///< false: who installed it was killed before it was done
};

/// Not thread-safe.
class ClockPatcher {
public:
    /// Throws std::runtime_error where there is no room, or no such vDSO.
    ClockPatcher();

    enum class Seen : std::uint8_t {
        nothing, ///< gone, or without a vDSO of this kind, as 32-bit programs
        clean,
        patched,
        strange, ///< somebody else has written there
    };
    struct Look {
        Seen seen = Seen::nothing;
        FoundPatch patch;             ///< when patched
        std::vector<std::byte> image; ///< when patched: the code as it is there
    };
    [[nodiscard]] Look look(pid_t pid) const;

    /// Asked of a process that is stopped: whether it is still to be patched, and has not executed
    /// another program since it was chosen.
    using Wanted = std::function<bool(pid_t pid)>;
    /// Clocks that must not go back take the moment of this call for their base, whatever `skew`
    /// says. Returns what went wrong, for people; empty: done, or no more wanted. Requires: it was
    /// seen clean or patched.
    [[nodiscard]] std::string
    install(pid_t pid, std::uint64_t owner, const ClockSkew& skew, const Wanted& wanted = {}) const;

    /// The functions are as the kernel made them again. What is left of the stub is not reached.
    [[nodiscard]] std::string restore(pid_t pid) const;

    /// For clocks that must not go back: they go at a tenth of their speed from now on, until true
    /// time has caught up. All others are true at once. Returns when that will be, on
    /// CLOCK_MONOTONIC; 0: at once, or it is gone.
    [[nodiscard]] std::int64_t slow_down(pid_t pid) const;

    [[nodiscard]] const Vdso& vdso() const { return vdso_; }

private:
    struct Jump {
        std::size_t from = 0;
        std::vector<std::byte> code;
    };
    /// What is done to a process that is stopped; false: its memory could not be written.
    using Work = std::function<bool(const ProcessMemory& memory, std::uint64_t base)>;
    [[nodiscard]] std::string stopped(pid_t pid, const Work& work) const;

    [[nodiscard]] bool knows_entries(const ProcessMemory& memory, std::uint64_t base) const;
    [[nodiscard]] bool write_stub(const ProcessMemory& memory,
                                  std::uint64_t base,
                                  std::uint64_t owner,
                                  const ClockSkew& skew) const;
    [[nodiscard]] bool
    write_skew(const ProcessMemory& memory, std::uint64_t base, const ClockSkew& skew) const;
    [[nodiscard]] bool
    write_entries(const ProcessMemory& memory, std::uint64_t base, bool jumps) const;

    Vdso vdso_;
    std::vector<Jump> jumps_;
};

/// A clock of the kernel, by a system call.
[[nodiscard]] std::int64_t true_time(std::size_t clock);

/// CLOCK_MONOTONIC and its kin, which programs expect never to go back.
constexpr std::uint64_t monotonic_clocks = 1U << 1 | 1U << 4 | 1U << 6 | 1U << 7;
/// CLOCK_REALTIME, exact and coarse.
constexpr std::uint64_t realtime_clocks = 1U << 0 | 1U << 5;

} // namespace faultlab::node
