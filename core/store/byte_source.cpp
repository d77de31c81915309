#include "core/store/byte_source.hpp"

#include "core/store/unpacking.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <istream>
#include <utility>

namespace faultlab {
namespace {

Error unreadable(const std::string& name, int error) {
    return usage_error(fmt::format("cannot read {}: {}", name, std::strerror(error)));
}

/// Reads with read(2), not through a memory map: a file that somebody shortens meanwhile must not
/// kill us, pipes work alike, and bytes that stay in the second-level cache cost less than pages.
class FileSource final : public ByteSource {
public:
    FileSource(std::string name, int descriptor, bool owned, ReadProgress* progress)
        : name_(std::move(name)), descriptor_(descriptor), owned_(owned), progress_(progress) {
        struct stat status {};
        if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return;
        size_ = static_cast<std::size_t>(status.st_size);
        if (progress_ != nullptr) progress_->bytes_total.store(size_);
    }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    ~FileSource() override {
        if (owned_) ::close(descriptor_);
    }

    Result<std::size_t> read(std::span<char> into) override {
        ssize_t got = 0;
        do {
            got = ::read(descriptor_, into.data(), into.size());
        } while (got < 0 && errno == EINTR);
        if (got < 0) return unreadable(name_, errno);
        const auto size = static_cast<std::size_t>(got);
        if (progress_ != nullptr) progress_->bytes_read.fetch_add(size, std::memory_order_relaxed);
        return size;
    }
    [[nodiscard]] std::size_t size_hint() const override { return size_; }

private:
    std::string name_;
    int descriptor_;
    bool owned_;
    ReadProgress* progress_;
    std::size_t size_ = 0;
};

/// Gives back first what was read to see what kind of file it is.
class PrefixedSource final : public ByteSource {
public:
    PrefixedSource(std::string prefix, std::unique_ptr<ByteSource> rest)
        : prefix_(std::move(prefix)), rest_(std::move(rest)) {}

    Result<std::size_t> read(std::span<char> into) override {
        if (used_ == prefix_.size()) return rest_->read(into);
        const std::size_t size = std::min(into.size(), prefix_.size() - used_);
        std::memcpy(into.data(), prefix_.data() + used_, size);
        used_ += size;
        return size;
    }
    [[nodiscard]] std::size_t size_hint() const override { return rest_->size_hint(); }

private:
    std::string prefix_;
    std::size_t used_ = 0;
    std::unique_ptr<ByteSource> rest_;
};

class StreamSource final : public ByteSource {
public:
    StreamSource(std::istream& in, std::string_view name) : in_(in), name_(name) {}

    Result<std::size_t> read(std::span<char> into) override {
        in_.read(into.data(), static_cast<std::streamsize>(into.size()));
        if (in_.bad()) return lab_error(fmt::format("cannot read {}", name_));
        return static_cast<std::size_t>(in_.gcount());
    }

private:
    std::istream& in_;
    std::string name_;
};

class TextSource final : public ByteSource {
public:
    explicit TextSource(std::string_view text) : text_(text), size_(text.size()) {}

    Result<std::size_t> read(std::span<char> into) override {
        const std::size_t size = std::min(into.size(), text_.size());
        if (size > 0) std::memcpy(into.data(), text_.data(), size);
        text_.remove_prefix(size);
        return size;
    }
    [[nodiscard]] std::size_t size_hint() const override { return size_; }

private:
    std::string_view text_;
    std::size_t size_;
};

} // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& file, ReadProgress* progress) {
    const bool standard_input = file == "-";
    const int descriptor =
        standard_input ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return unreadable(file, errno);
    std::unique_ptr<ByteSource> plain =
        std::make_unique<FileSource>(file, descriptor, !standard_input, progress);
    std::string magic(packing_magic_bytes, '\0');
    std::size_t have = 0;
    while (have < magic.size()) {
        FAULTLAB_TRY(const std::size_t size, plain->read(std::span(magic).subspan(have)));
        if (size == 0) break;
        have += size;
    }
    magic.resize(have);
    const Packing packing = packing_of(magic);
    return unpacked(file, packing, std::make_unique<PrefixedSource>(magic, std::move(plain)));
}

std::unique_ptr<ByteSource> stream_source(std::istream& in, std::string_view name) {
    return std::make_unique<StreamSource>(in, name);
}

std::unique_ptr<ByteSource> text_source(std::string_view text) {
    return std::make_unique<TextSource>(text);
}

} // namespace faultlab
