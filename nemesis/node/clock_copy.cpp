#include "nemesis/node/clock_copy.hpp"

#include "nemesis/node/clock_patch.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

namespace faultlab::node {

ClockCopy::ClockCopy(std::span<const std::byte> image, const Vdso& vdso)
    : memory_(nullptr), size_(image.size()), entry_(vdso.clock_gettime) {
    void* const memory =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    memory_ = static_cast<std::byte*>(memory);
    std::ranges::copy(image, memory_);
    if (::mprotect(memory_, size_, PROT_READ | PROT_EXEC) == 0) return;
    const int problem = errno;
    ::munmap(memory_, size_);
    throw std::system_error(problem, std::generic_category(), "memory cannot be executed");
}

ClockCopy::ClockCopy(ClockCopy&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(other.size_), entry_(other.entry_) {}

ClockCopy::~ClockCopy() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
}

std::int64_t ClockCopy::read(std::size_t clock) const {
    using Function = int (*)(clockid_t, timespec*);
    const auto function = reinterpret_cast<Function>(memory_ + entry_);
    timespec now{};
    function(static_cast<clockid_t>(clock), &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

ClockCopy::Offset ClockCopy::offset(std::size_t clock, int tries) const {
    Offset best;
    for (int i = 0; i < tries; ++i) {
        const std::int64_t before = true_time(clock);
        const std::int64_t told = read(clock);
        const std::int64_t after = true_time(clock);
        const std::int64_t middle = before + (after - before) / 2;
        const std::int64_t error = (after - before + 1) / 2;
        if (i == 0 || error < best.error)
            best = {.at = middle, .offset = told - middle, .error = error};
    }
    return best;
}

} // namespace faultlab::node
