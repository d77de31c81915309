#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// The code that the kernel gives to every process so that it can read clocks without a system
/// call, and the memory of other processes.
namespace faultlab::node {

/// Of this machine: all processes have the same, each at its own place.
struct Vdso {
    std::vector<std::byte> image; ///< as the kernel made it, in whole pages
    std::size_t clock_gettime = 0;
    std::size_t gettimeofday = 0;
    std::size_t time = 0;
    std::size_t padding = 0; ///< from here to the end of the image there is nothing
};

/// Read from this process itself, which nobody must have patched. Throws std::runtime_error when it
/// is not as expected: says what is missing.
[[nodiscard]] Vdso read_vdso();

/// The memory of a process. Reads and writes say whether all of it was done: a process may end, or
/// execute another program, at any moment.
class ProcessMemory {
public:
    explicit ProcessMemory(pid_t pid);
    ProcessMemory(const ProcessMemory&) = delete;
    ProcessMemory& operator=(const ProcessMemory&) = delete;
    ~ProcessMemory();
    [[nodiscard]] bool opened() const { return file_ >= 0; }
    [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> into) const;
    /// Also where the process itself may not write: it gets a page of its own.
    [[nodiscard]] bool write(std::uint64_t address, std::span<const std::byte> from) const;

private:
    int file_;
};

/// Where the vDSO of a process lies, by what the kernel told the program. Nothing: it has none, or
/// is gone, or may not be looked at.
[[nodiscard]] std::optional<std::uint64_t> vdso_address(pid_t pid);

} // namespace faultlab::node
