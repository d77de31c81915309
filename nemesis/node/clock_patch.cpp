#include "nemesis/node/clock_patch.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>

namespace faultlab::node {
namespace {

constexpr std::size_t jump_size = 5;
constexpr int attempts = 200;
constexpr auto between_attempts = std::chrono::microseconds(50);
/// The coarse clocks may be so far behind the others.
constexpr std::int64_t coarse_tick = 10'000'000;
constexpr std::int64_t tenth_of_speed = -((std::int64_t{1} << 32) / 10 * 9);

std::span<const std::byte> bytes_of(const auto& value) {
    return std::as_bytes(std::span(&value, 1));
}

template <class T>
T value_at(std::span<const std::byte> image, std::size_t at) {
    T value;
    std::memcpy(&value, image.data() + at, sizeof(T));
    return value;
}

/// jmp: its target counts from the instruction after it.
std::vector<std::byte> jump_code(std::size_t from, std::size_t to) {
    const auto distance = static_cast<std::int32_t>(static_cast<std::int64_t>(to) -
                                                    static_cast<std::int64_t>(from + jump_size));
    std::vector<std::byte> code(jump_size);
    code[0] = std::byte{0xe9};
    std::memcpy(code.data() + 1, &distance, sizeof(distance));
    return code;
}

bool same_bytes(std::span<const std::byte> one, std::span<const std::byte> other) {
    return std::ranges::equal(one, other);
}

} // namespace

ClockPatcher::ClockPatcher() : vdso_(read_vdso()) {
    const std::size_t room = vdso_.image.size() - vdso_.padding;
    if (clock_stub().empty()) throw std::runtime_error("only on x86-64 clocks can be patched");
    if (room < clock_stub().size()) {
        throw std::runtime_error(
            fmt::format("the vDSO has {} bytes of room, {} are needed", room, clock_stub().size()));
    }
    const StubEntries entries = clock_stub_entries();
    for (const auto& [from, to] : {std::pair(vdso_.clock_gettime, entries.clock_gettime),
                                   std::pair(vdso_.gettimeofday, entries.gettimeofday),
                                   std::pair(vdso_.time, entries.time)})
        jumps_.push_back({.from = from, .code = jump_code(from, vdso_.padding + to)});
}

ClockPatcher::Look ClockPatcher::look(pid_t pid) const {
    const auto base = vdso_address(pid);
    if (!base) return {};
    const ProcessMemory memory(pid);
    std::vector<std::byte> image(vdso_.image.size());
    if (!memory.opened() || !memory.read(*base, image)) return {};

    // Without the jumps and the stub it must be the kernel's.
    std::vector<std::byte> cleaned = image;
    std::size_t jumping = 0;
    for (const Jump& jump : jumps_) {
        const auto there = std::span(cleaned).subspan(jump.from, jump_size);
        if (!same_bytes(there, jump.code)) continue;
        ++jumping;
        std::ranges::copy(std::span(vdso_.image).subspan(jump.from, jump_size), there.begin());
    }
    const auto known = static_cast<std::ptrdiff_t>(vdso_.padding);
    Look result{.seen = Seen::strange};
    if (!std::equal(cleaned.begin(), cleaned.begin() + known, vdso_.image.begin())) return result;
    if (jumping == 0) result.seen = Seen::clean;
    if (jumping == 0) return result;
    const auto data = value_at<StubData>(image, vdso_.padding);
    const auto code = clock_stub().subspan(sizeof(StubData));
    const auto there = std::span(image).subspan(vdso_.padding + sizeof(StubData), code.size());
    if (data.mark != clock_stub_mark || !same_bytes(there, code)) return result;
    result.seen = Seen::patched;
    result.patch = {.owner = data.owner,
                    .skew = data.skews.at(data.generation & 1U),
                    .whole = jumping == jumps_.size()};
    result.image = std::move(image);
    return result;
}

/// The skew that readers do not use now, then the byte that makes them use it.
bool ClockPatcher::write_skew(const ProcessMemory& memory,
                              std::uint64_t base,
                              const ClockSkew& skew) const {
    const std::uint64_t at = base + vdso_.padding;
    StubData data;
    if (!memory.read(at, std::as_writable_bytes(std::span(&data, 1)))) return false;
    const auto next = static_cast<std::uint8_t>(data.generation + 1U);
    const std::uint64_t unused = offsetof(StubData, skews) + (next & 1U) * sizeof(ClockSkew);
    return memory.write(at + unused, bytes_of(skew)) &&
           memory.write(at + offsetof(StubData, generation), bytes_of(next));
}

bool ClockPatcher::write_stub(const ProcessMemory& memory,
                              std::uint64_t base,
                              std::uint64_t owner,
                              const ClockSkew& skew) const {
    const std::uint64_t at = base + vdso_.padding;
    const auto code = clock_stub().subspan(sizeof(StubData));
    std::vector<std::byte> there(code.size());
    if (!memory.read(at + sizeof(StubData), there)) return false;
    if (same_bytes(there, code)) {
        // From an earlier fault: a thread may still be in there.
        return memory.write(at + offsetof(StubData, owner), bytes_of(owner)) &&
               write_skew(memory, base, skew);
    }
    StubData data;
    data.mark = clock_stub_mark;
    data.owner = owner;
    data.skews = {skew, skew};
    return memory.write(at + sizeof(StubData), code) && memory.write(at, bytes_of(data));
}

/// Requires: the process is stopped.
bool ClockPatcher::write_entries(const ProcessMemory& memory,
                                 std::uint64_t base,
                                 bool jumps) const {
    return std::ranges::all_of(jumps_, [&](const Jump& jump) {
        const std::span<const std::byte> code =
            jumps ? std::span<const std::byte>(jump.code)
                  : std::span(vdso_.image).subspan(jump.from, jump_size);
        return memory.write(base + jump.from, code);
    });
}

/// Whether what would be written over is the kernel's or ours.
bool ClockPatcher::knows_entries(const ProcessMemory& memory, std::uint64_t base) const {
    return std::ranges::all_of(jumps_, [&](const Jump& jump) {
        std::vector<std::byte> there(jump_size);
        if (!memory.read(base + jump.from, there)) return false;
        const auto original = std::span(vdso_.image).subspan(jump.from, jump_size);
        return same_bytes(there, jump.code) || same_bytes(there, original);
    });
}

/// Stops the process where none of its threads is inside of what is to be written anew, and does
/// it.
std::string ClockPatcher::stopped(pid_t pid, const Work& work) const {
    for (int i = 0; i < attempts; ++i) {
        if (i != 0) std::this_thread::sleep_for(between_attempts);
        try {
            const StoppedProcess process(pid);
            // Only now: before it might have executed another program.
            const auto base = vdso_address(pid);
            const ProcessMemory memory(pid);
            if (!base || !memory.opened() || !knows_entries(memory, *base)) break;
            const bool inside = std::ranges::any_of(jumps_, [&](const Jump& jump) {
                const std::uint64_t first = *base + jump.from;
                return process.anyone_within(first + 1, first + jump_size);
            });
            if (inside) continue;
            if (work(memory, *base)) return {};
            return fmt::format("the memory of process {} cannot be written", pid);
        } catch (const std::exception& error) {
            return error.what();
        }
    }
    return fmt::format("process {} has no such vDSO, or is always inside of it", pid);
}

std::string ClockPatcher::install(pid_t pid,
                                  std::uint64_t owner,
                                  const ClockSkew& skew,
                                  const Wanted& wanted) const {
    return stopped(pid, [&](const ProcessMemory& memory, std::uint64_t base) {
        if (wanted && !wanted(pid)) return true;
        ClockSkew own = skew;
        for (std::size_t clock = 0; clock < skewable_clocks; ++clock) {
            if ((monotonic_clocks >> clock & 1) != 0) own.base.at(clock) = true_time(clock);
        }
        return write_stub(memory, base, owner, own) && write_entries(memory, base, true);
    });
}

std::string ClockPatcher::restore(pid_t pid) const {
    return stopped(pid, [&](const ProcessMemory& memory, std::uint64_t base) {
        return write_entries(memory, base, false);
    });
}

std::int64_t ClockPatcher::slow_down(pid_t pid) const {
    std::int64_t ahead = 0;
    std::int64_t now = 0;
    const Look seen = look(pid);
    if (seen.seen != Seen::patched) return 0;
    const std::string problem = stopped(pid, [&](const ProcessMemory& memory, std::uint64_t base) {
        ClockSkew slow{.clocks = seen.patch.skew.clocks & monotonic_clocks, .rate = tenth_of_speed};
        now = true_time(CLOCK_MONOTONIC);
        for (std::size_t clock = 0; clock < skewable_clocks; ++clock) {
            if ((slow.clocks >> clock & 1) == 0) continue;
            slow.base.at(clock) = true_time(clock);
            ahead = std::max(ahead, skew_at(seen.patch.skew, clock, slow.base.at(clock)));
        }
        slow.offset = ahead;
        return ahead == 0 || write_skew(memory, base, slow);
    });
    return ahead == 0 || !problem.empty() ? 0 : now + ahead / 9 * 10 + coarse_tick;
}

std::int64_t true_time(std::size_t clock) {
    timespec now{};
    ::syscall(SYS_clock_gettime, clock, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

} // namespace faultlab::node
