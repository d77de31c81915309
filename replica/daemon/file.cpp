#include "replica/daemon/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace faultlab::replica {

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

int File::open(const std::filesystem::path& path, int flags) {
    constexpr mode_t owner_only = 0600;
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, owner_only);
    if (descriptor < 0) return errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = descriptor;
    return 0;
}

int File::read_at(std::uint64_t offset, std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
        const ssize_t n =
            ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) return EIO;
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return 0;
}

int File::write_at(std::uint64_t offset, Bytes bytes) const {
    while (!bytes.empty()) {
        const ssize_t n =
            ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) return EIO;
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return 0;
}

int File::resize(std::uint64_t bytes) const {
    return ::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
}

int File::sync_data() const {
    // Not again after EINTR: what a failed sync has covered is unknown.
    return ::fdatasync(descriptor_) == 0 ? 0 : errno;
}

int File::size(std::uint64_t& bytes) const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) return errno;
    bytes = static_cast<std::uint64_t>(status.st_size);
    return 0;
}

const char* errno_words(int error) {
    const char* words = ::strerrordesc_np(error);
    return words != nullptr ? words : "unknown error";
}

} // namespace faultlab::replica
