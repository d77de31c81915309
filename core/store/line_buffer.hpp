#pragma once

#include "core/store/byte_source.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace faultlab {

/// Hands out a source in pieces of whole lines, each with `padding_bytes` (JsonScanner) readable
/// behind it.
class LineBuffer {
public:
    explicit LineBuffer(ByteSource& source);

    struct Piece {
        std::string_view text; ///< ends in a line feed, also where the source does not
        bool last = false;     ///< nothing comes after it
    };
    /// The next whole lines, as many as a buffer holds. An empty text only at the end. The piece is
    /// gone at the next call.
    Result<Piece> next();

    /// Lets the next piece begin with the last `bytes` of this one, which will be followed by more.
    void give_back(std::size_t bytes) {
        begin_ -= bytes;
        given_back_ = bytes;
    }

    /// About how many bytes there are in all.
    [[nodiscard]] std::size_t size_hint() const { return source_.size_hint(); }

private:
    Result<void> fill();

    ByteSource& source_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;      ///< of what is not handed out
    std::size_t end_ = 0;        ///< of what was read
    std::size_t given_back_ = 0; ///< from begin_ on
    bool exhausted_ = false;
};

} // namespace faultlab
