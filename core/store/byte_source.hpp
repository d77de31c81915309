#pragma once

#include "core/result.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace faultlab {

/// How far a file is read, for whoever shows it: set by one thread, read by another.
struct ReadProgress {
    std::atomic<std::uint64_t> bytes_read = 0;  ///< of the file as it lies there, packed or not
    std::atomic<std::uint64_t> bytes_total = 0; ///< 0: not known
};

/// Bytes from somewhere, front to back. Owned by one thread.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// Fills the front of `into`, which is not empty, and says how much of it; 0: the end.
    virtual Result<std::size_t> read(std::span<char> into) = 0;
    /// About how many bytes there are in all; 0: not known.
    [[nodiscard]] virtual std::size_t size_hint() const { return 0; }
};

/// A file, or with "-" the standard input; unpacked where it begins like gzip or zstd, whatever its
/// name. `progress` may be null, and must outlive the source. A file that cannot be read is a usage
/// error with its name; so is packed data that is damaged or cut short, when that place is read.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& file, ReadProgress* progress);

/// The rest of a stream, which must outlive the source.
std::unique_ptr<ByteSource> stream_source(std::istream& in, std::string_view name);

/// The text, which must outlive the source.
std::unique_ptr<ByteSource> text_source(std::string_view text);

} // namespace faultlab
