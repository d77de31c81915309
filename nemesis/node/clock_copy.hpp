#pragma once

#include "nemesis/node/vdso.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace faultlab::node {

/// A patched vDSO as it was read from another process, to be executed here: it says what that
/// process is told when it asks for the time.
class ClockCopy {
public:
    /// Throws std::system_error where memory may not be executed. Requires: the image is patched
    /// and was found as it should be.
    ClockCopy(std::span<const std::byte> image, const Vdso& vdso);
    ClockCopy(ClockCopy&& other) noexcept;
    ClockCopy& operator=(ClockCopy&&) = delete;
    ClockCopy(const ClockCopy&) = delete;
    ClockCopy& operator=(const ClockCopy&) = delete;
    ~ClockCopy();

    /// What the process is told, in ns.
    [[nodiscard]] std::int64_t read(std::size_t clock) const;

    struct Offset {
        std::int64_t at = 0;     ///< true time
        std::int64_t offset = 0; ///< of the process' clock, in ns
        std::int64_t error = 0;  ///< at most
    };
    /// Between two readings of the true clock; of several tries the one that took shortest.
    [[nodiscard]] Offset offset(std::size_t clock, int tries) const;

private:
    std::byte* memory_;
    std::size_t size_;
    std::size_t entry_;
};

} // namespace faultlab::node
