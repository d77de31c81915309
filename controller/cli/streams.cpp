#include "controller/cli/streams.hpp"

#include "controller/cli/exit_codes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace faultlab {
namespace {

/// Why output was lost: an errno; 0: none was.
std::atomic<int> lost = 0;

void keep_loss(int error) {
    if (error != EPIPE && lost.load() == 0) lost.store(error);
}

} // namespace

void open_standard_streams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(stream, F_GETFD) >= 0) continue;
        // The lowest free number is this one, as those below it are open by now.
        const int opened = ::open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY);
        static_cast<void>(opened);
    }
}

void write_out(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) < text.size()) keep_loss(errno);
}

void write_note(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
}

int delivered(int code) {
    if (std::fflush(stdout) != 0) keep_loss(errno);
    if (lost.load() == 0) return code;
    note("faultlab: standard output could not be written: {}\n", std::strerror(lost.load()));
    return combined_exit_code(std::array{code, static_cast<int>(exit_lab_error)});
}

} // namespace faultlab
