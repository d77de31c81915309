#include "core/store/unpacking.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t input_bytes = 128U << 10U;

Error damaged(const std::string& name, std::string_view what) {
    return usage_error(fmt::format("cannot unpack {}: {}", name, what), "the file is damaged");
}

/// What is common to both: a buffer of packed bytes.
class Unpacker : public ByteSource {
public:
    Unpacker(std::string name, std::unique_ptr<ByteSource> packed)
        : name_(std::move(name)), packed_(std::move(packed)), buffer_(input_bytes) {}

    /// Histories are packed to a tenth or less.
    [[nodiscard]] std::size_t size_hint() const override { return 10 * packed_->size_hint(); }

protected:
    /// More packed bytes from the front of the buffer on; 0: the end.
    Result<std::size_t> refill() { return packed_->read(buffer_); }
    [[nodiscard]] const char* buffer() const { return buffer_.data(); }
    [[nodiscard]] Error damaged_file(std::string_view what) const { return damaged(name_, what); }

private:
    std::string name_;
    std::unique_ptr<ByteSource> packed_;
    std::vector<char> buffer_;
};

class GzipSource final : public Unpacker {
public:
    using Unpacker::Unpacker;
    GzipSource(const GzipSource&) = delete;
    GzipSource& operator=(const GzipSource&) = delete;
    ~GzipSource() override { ::inflateEnd(&stream_); }

    bool begin() {
        constexpr int gzip_only = 15 + 16; // the largest window, and a gzip header
        return ::inflateInit2(&stream_, gzip_only) == Z_OK;
    }

    Result<std::size_t> read(std::span<char> into) override {
        stream_.next_out = reinterpret_cast<Bytef*>(into.data());
        stream_.avail_out = static_cast<uInt>(into.size());
        while (stream_.avail_out == into.size()) {
            if (stream_.avail_in == 0) {
                FAULTLAB_TRY(const std::size_t size, refill());
                if (size == 0 && !between_members_) return damaged_file("it ends too early");
                if (size == 0) return std::size_t{0};
                stream_.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(buffer()));
                stream_.avail_in = static_cast<uInt>(size);
            }
            between_members_ = false;
            const int outcome = ::inflate(&stream_, Z_NO_FLUSH);
            if (outcome == Z_STREAM_END) {
                between_members_ = true;
                ::inflateReset(&stream_);
            } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
                return damaged_file(stream_.msg != nullptr ? stream_.msg : "it is no gzip data");
            }
        }
        return into.size() - stream_.avail_out;
    }

private:
    z_stream stream_{};
    bool between_members_ = false;
};

class ZstdSource final : public Unpacker {
public:
    using Unpacker::Unpacker;

    bool begin() { return context_ != nullptr; }

    Result<std::size_t> read(std::span<char> into) override {
        ZSTD_outBuffer out{into.data(), into.size(), 0};
        while (out.pos == 0) {
            if (in_.pos == in_.size && !pending_output_) {
                FAULTLAB_TRY(const std::size_t size, refill());
                if (size == 0 && !between_frames_) return damaged_file("it ends too early");
                if (size == 0) return std::size_t{0};
                in_ = {buffer(), size, 0};
            }
            const std::size_t hint = ::ZSTD_decompressStream(context_.get(), &out, &in_);
            if (::ZSTD_isError(hint) != 0) return damaged_file(::ZSTD_getErrorName(hint));
            between_frames_ = hint == 0;
            // A full output may hide more that needs no further input.
            pending_output_ = out.pos == out.size && hint != 0;
        }
        return out.pos;
    }

private:
    struct Release {
        void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, Release> context_{::ZSTD_createDCtx()};
    ZSTD_inBuffer in_{};
    bool between_frames_ = false;
    bool pending_output_ = false;
};

template <class Source>
Result<std::unique_ptr<ByteSource>> begun(const std::string& name,
                                          std::unique_ptr<ByteSource> packed) {
    auto source = std::make_unique<Source>(name, std::move(packed));
    if (!source->begin()) return lab_error(fmt::format("no memory to unpack {}", name));
    return std::unique_ptr<ByteSource>(std::move(source));
}

} // namespace

Packing packing_of(std::string_view first_bytes) {
    if (first_bytes.starts_with("\x1f\x8b")) return Packing::gzip;
    if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return Packing::zstd;
    return Packing::none;
}

Result<std::unique_ptr<ByteSource>>
unpacked(const std::string& name, Packing packing, std::unique_ptr<ByteSource> packed) {
    switch (packing) {
        case Packing::none: break;
        case Packing::gzip: return begun<GzipSource>(name, std::move(packed));
        case Packing::zstd: return begun<ZstdSource>(name, std::move(packed));
    }
    return packed;
}

} // namespace faultlab
