#pragma once

#include "core/types.hpp"

namespace faultlab {

/// Time since the start of the run. Passed to whatever needs it; nothing else reads a clock.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Nanos now() const = 0;
};

} // namespace faultlab
