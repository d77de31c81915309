#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/types.hpp"

#include <cstring>
#include <span>
#include <type_traits>

namespace faultlab::replica {

/// Appends to a buffer of a fixed size; `overflow` says that it did not suffice.
class SnapshotWriter {
public:
    explicit SnapshotWriter(std::span<std::byte> buffer) : buffer_(buffer) {}
    void bytes(Bytes bytes) {
        REPLICA_ASSERT("stream-used", used_ <= buffer_.size());
        if (bytes.size() > buffer_.size() - used_) {
            overflow_ = true;
            return;
        }
        if (!bytes.empty()) {
            std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
        }
        used_ += bytes.size();
    }
    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put(const T& value) { bytes(std::as_bytes(std::span(&value, 1))); }
    [[nodiscard]] std::size_t size() const { return used_; }
    [[nodiscard]] bool overflow() const { return overflow_; }

private:
    friend struct SnapshotStreamProbe; ///< tests break invariants from inside
    std::span<std::byte> buffer_;
    std::size_t used_ = 0;
    bool overflow_ = false;
};

/// Reads what a SnapshotWriter wrote; `failed` once anything was missing, and zeroes from then on.
class SnapshotReader {
public:
    explicit SnapshotReader(Bytes buffer) : rest_(buffer) {}
    [[nodiscard]] Bytes bytes(std::size_t size) {
        REPLICA_ASSERT("stream-failed", !failed_ || rest_.empty()); // so that it gives zeroes
        if (size > rest_.size()) {
            failed_ = true;
            rest_ = {};
            return {};
        }
        const Bytes taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    template <typename T>
    requires std::is_trivially_copyable_v<T>
    [[nodiscard]] T get() {
        T value{};
        const Bytes taken = bytes(sizeof(T));
        if (!failed_) {
            std::memcpy(&value, taken.data(), sizeof(T));
        }
        return value;
    }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

private:
    friend struct SnapshotStreamProbe; ///< tests break invariants from inside
    Bytes rest_;
    bool failed_ = false;
};

} // namespace faultlab::replica
