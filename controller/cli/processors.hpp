#pragma once

#include "core/checker.hpp"

#include <cstddef>
#include <functional>

namespace faultlab {

/// One thread a processor.
class Processors : public Workers {
public:
    [[nodiscard]] std::size_t count() const override;
    void run(const std::function<void()>& body) const override;
};

} // namespace faultlab
