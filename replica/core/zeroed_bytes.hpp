#pragma once

#include "replica/core/types.hpp"

#include <cstdlib>
#include <memory>
#include <new>

namespace faultlab::replica {

/// So many zeroes, of a size that is fixed. Large ones take memory page by page as they are
/// written, so that a replica starts without touching tens of megabytes first.
class ZeroedBytes {
public:
    /// Throws std::bad_alloc.
    explicit ZeroedBytes(std::size_t size)
        : bytes_(static_cast<std::byte*>(std::calloc(size, 1))), size_(size) {
        if (bytes_ == nullptr && size > 0) {
            throw std::bad_alloc();
        }
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::byte* data() { return bytes_.get(); }
    [[nodiscard]] const std::byte* data() const { return bytes_.get(); }
    [[nodiscard]] std::byte* begin() { return data(); }
    [[nodiscard]] const std::byte* begin() const { return data(); }
    [[nodiscard]] std::byte* end() { return data() + size_; }
    [[nodiscard]] const std::byte* end() const { return data() + size_; }

private:
    struct Free {
        void operator()(std::byte* bytes) const { std::free(bytes); }
    };
    std::unique_ptr<std::byte, Free> bytes_;
    std::size_t size_;
};

} // namespace faultlab::replica
