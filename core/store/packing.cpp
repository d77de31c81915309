#include "core/store/packing.hpp"

#include <zlib.h>
#include <zstd.h>

#include <memory>
#include <span>
#include <streambuf>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t block_bytes = 128U << 10U;

/// Packs what is written to it a block at a time. What the stream cannot take is seen in `out`.
class Packer : public std::streambuf {
public:
    explicit Packer(std::ostream& out) : out_(out), plain_(block_bytes), packed_(block_bytes) {
        setp(plain_.data(), plain_.data() + plain_.size());
    }

    /// Packs what is left, and the end. False: it cannot be packed.
    bool finish() { return pack_block(true); }

protected:
    int_type overflow(int_type byte) override {
        if (!pack_block(false)) return traits_type::eof();
        if (traits_type::eq_int_type(byte, traits_type::eof())) return traits_type::not_eof(byte);
        return sputc(traits_type::to_char_type(byte));
    }

    /// All of `plain`; with `last`, the end too. False: it cannot be packed.
    virtual bool pack(std::span<char> plain, bool last) = 0;
    [[nodiscard]] std::span<char> packed() { return packed_; }
    void put(std::size_t bytes) { out_.write(packed_.data(), static_cast<std::streamsize>(bytes)); }

private:
    bool pack_block(bool last) {
        const bool done = pack({pbase(), pptr()}, last);
        setp(plain_.data(), plain_.data() + plain_.size());
        return done;
    }

    std::ostream& out_;
    std::vector<char> plain_, packed_;
};

class GzipPacker final : public Packer {
public:
    using Packer::Packer;
    GzipPacker(const GzipPacker&) = delete;
    GzipPacker& operator=(const GzipPacker&) = delete;
    ~GzipPacker() override { ::deflateEnd(&stream_); }

    bool begin() {
        constexpr int gzip = 15 + 16; // the largest window, and a gzip header
        constexpr int usual_memory = 8;
        return ::deflateInit2(&stream_,
                              Z_DEFAULT_COMPRESSION,
                              Z_DEFLATED,
                              gzip,
                              usual_memory,
                              Z_DEFAULT_STRATEGY) == Z_OK;
    }

protected:
    bool pack(std::span<char> plain, bool last) override {
        stream_.next_in = reinterpret_cast<Bytef*>(plain.data());
        stream_.avail_in = static_cast<uInt>(plain.size());
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(packed().data());
            stream_.avail_out = static_cast<uInt>(packed().size());
            if (::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR) return false;
            put(packed().size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
        return true;
    }

private:
    z_stream stream_{};
};

class ZstdPacker final : public Packer {
public:
    using Packer::Packer;

    [[nodiscard]] bool begin() const { return context_ != nullptr; }

protected:
    bool pack(std::span<char> plain, bool last) override {
        ZSTD_inBuffer in{plain.data(), plain.size(), 0};
        for (bool more = true; more;) {
            ZSTD_outBuffer out{packed().data(), packed().size(), 0};
            const std::size_t left = ::ZSTD_compressStream2(
                context_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
            if (::ZSTD_isError(left) != 0) return false;
            put(out.pos);
            more = last ? left != 0 : in.pos < in.size;
        }
        return true;
    }

private:
    struct Release {
        void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
    };
    std::unique_ptr<ZSTD_CCtx, Release> context_{::ZSTD_createCCtx()};
};

template <class Kind>
Result<void> packed_by(std::ostream& out, const std::function<Result<void>(std::ostream&)>& write) {
    Kind packer(out);
    if (!packer.begin()) return lab_error("no memory to pack a file");
    std::ostream plain(&packer);
    FAULTLAB_DO(write(plain));
    if (!packer.finish()) return lab_error("a file could not be packed");
    return {};
}

} // namespace

Packing packing_of_name(std::string_view file_name) {
    if (file_name.ends_with(".gz")) return Packing::gzip;
    return file_name.ends_with(".zst") ? Packing::zstd : Packing::none;
}

Result<void> write_packed(Packing packing,
                          std::ostream& out,
                          const std::function<Result<void>(std::ostream&)>& write) {
    switch (packing) {
        case Packing::none: break;
        case Packing::gzip: return packed_by<GzipPacker>(out, write);
        case Packing::zstd: return packed_by<ZstdPacker>(out, write);
    }
    return write(out);
}

} // namespace faultlab
