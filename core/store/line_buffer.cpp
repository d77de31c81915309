#include "core/store/line_buffer.hpp"

#include "core/store/text_scan.hpp"

#include <cstring>

namespace faultlab {
namespace {

using scan::padding_bytes;

/// Small enough for the second-level cache, where the parser then finds it, and for the heap.
constexpr std::size_t first_bytes = 64U << 10U;
/// Lengths and offsets of texts must fit in 32 bits.
constexpr std::size_t most_bytes = 2U << 30U;

} // namespace

LineBuffer::LineBuffer(ByteSource& source)
    : source_(source), buffer_(first_bytes + padding_bytes) {}

Result<void> LineBuffer::fill() {
    // One byte is kept for the line feed that the source may lack.
    if (end_ + padding_bytes + 1 >= buffer_.size()) {
        if (buffer_.size() > most_bytes)
            return usage_error("a line or a form is longer than 2 GiB", "one event a line");
        buffer_.resize(2 * buffer_.size());
    }
    const std::size_t room = buffer_.size() - padding_bytes - 1 - end_;
    FAULTLAB_TRY(const std::size_t size, source_.read(std::span(buffer_).subspan(end_, room)));
    end_ += size;
    exhausted_ = size == 0;
    return {};
}

Result<LineBuffer::Piece> LineBuffer::next() {
    end_ -= begin_;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_);
    begin_ = 0;
    std::size_t searched = given_back_;
    given_back_ = 0;
    for (;;) {
        if (!exhausted_) FAULTLAB_DO(fill());
        const std::string_view unread(buffer_.data() + searched, end_ - searched);
        const std::size_t found = unread.rfind('\n');
        if (found != std::string_view::npos) {
            begin_ = searched + found + 1;
            return Piece{.text = {buffer_.data(), begin_}};
        }
        if (exhausted_) break;
        searched = end_;
    }
    if (end_ > 0 && buffer_[end_ - 1] != '\n') buffer_[end_++] = '\n';
    begin_ = end_;
    return Piece{.text = {buffer_.data(), end_}, .last = true};
}

} // namespace faultlab
