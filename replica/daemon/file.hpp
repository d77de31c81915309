#pragma once

#include "replica/core/types.hpp"

#include <cstdint>
#include <filesystem>
#include <utility>

namespace faultlab::replica {

/// One open file. Calls return 0 or the errno that stopped them; short reads and writes are gone on
/// with, and an end of the file inside a read is EIO. Movable; owned by one thread.
class File {
public:
    File() = default;
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();

    /// `flags` as for open(2); close-on-exec is added.
    [[nodiscard]] int open(const std::filesystem::path& path, int flags);
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] int read_at(std::uint64_t offset, std::span<std::byte> bytes) const;
    [[nodiscard]] int write_at(std::uint64_t offset, Bytes bytes) const;
    [[nodiscard]] int resize(std::uint64_t bytes) const;
    [[nodiscard]] int sync_data() const;
    /// 0 and the size in `bytes`, or the errno.
    [[nodiscard]] int size(std::uint64_t& bytes) const;

private:
    int descriptor_ = -1;
};

/// The words for an errno. Thread-safe.
[[nodiscard]] const char* errno_words(int error);

} // namespace faultlab::replica
