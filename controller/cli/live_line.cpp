#include "controller/cli/live_line.hpp"

#include "controller/cli/streams.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace faultlab {
namespace {

bool stderr_is_terminal() {
    const char* term = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

/// Cuts the line to the terminal's width, or it would leave a trail of itself.
std::string fitted(std::string line) {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return line;
    if (line.size() >= size.ws_col) line.resize(size.ws_col - 1U);
    return line;
}

} // namespace

LiveLine::LiveLine() : terminal_(stderr_is_terminal()) {}

void LiveLine::draw(std::string line) {
    if (!terminal_) return;
    note("\r\x1b[K{}", fitted(std::move(line)));
    std::fflush(stderr);
    drawn_ = true;
}

void LiveLine::end() {
    if (drawn_) note("\n");
    drawn_ = false;
}

void LiveLine::clear() {
    if (drawn_) note("\r\x1b[K");
    drawn_ = false;
}

} // namespace faultlab
