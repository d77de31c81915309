#include "controller/hosts/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace faultlab {
namespace {

constexpr int first_free_number = 3;

/// The same file under a number above the standard streams.
Descriptor lifted(int number) {
    if (number >= first_free_number) return Descriptor(number);
    const Descriptor low(number);
    return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, first_free_number));
}

} // namespace

void Descriptor::reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

Pipe make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    return {.read = lifted(ends[0]), .write = lifted(ends[1])};
}

const char* errno_text(int error) {
    // strerror is not thread-safe; strerrordesc_np returns constant texts.
    const char* text = ::strerrordesc_np(error);
    return text != nullptr ? text : "unknown error";
}

} // namespace faultlab
