#pragma once

#include "core/types.hpp"

#include <cstddef>
#include <vector>

namespace faultlab::monitors {

/// By node, growing as nodes are heard of.
template <typename T>
class PerNode {
public:
    T& operator[](NodeId node) {
        const auto index = static_cast<std::size_t>(node < 0 ? 0 : node);
        if (values_.size() <= index) values_.resize(index + 1);
        return values_[index];
    }

private:
    std::vector<T> values_;
};

} // namespace faultlab::monitors
