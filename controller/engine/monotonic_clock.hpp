#pragma once

#include "core/clock.hpp"

#include <chrono>

namespace faultlab {

/// Time since this object was made, on the machine's monotonic clock. Thread-safe.
class MonotonicClock : public Clock {
public:
    [[nodiscard]] Nanos now() const override {
        const auto since = std::chrono::steady_clock::now() - start_;
        return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

} // namespace faultlab
