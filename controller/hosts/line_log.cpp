#include "controller/hosts/line_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace faultlab {
namespace {

constexpr std::size_t longest_kept_line = 65'536;

} // namespace

Result<LineLog> LineLog::open(const std::filesystem::path& file) {
    constexpr mode_t everybody_reads = 0644;
    Descriptor descriptor(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, everybody_reads));
    if (!descriptor.valid()) {
        return lab_error(
            fmt::format("cannot open log file {}: {}", file.string(), errno_text(errno)));
    }
    return LineLog(std::move(descriptor));
}

void LineLog::feed(std::string_view bytes, Nanos now) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        if (end == std::string_view::npos) {
            append(bytes, now);
            break;
        }
        append(bytes.substr(0, end + 1), now);
        bytes.remove_prefix(end + 1);
        ready_ += line_;
        line_.clear();
        in_line_ = false;
    }
    if (line_.size() > longest_kept_line) {
        ready_ += line_;
        line_.clear();
    }
    write_ready();
}

void LineLog::append(std::string_view bytes, Nanos now) {
    if (!in_line_) {
        line_ = fmt::format("{}.{:06} ", now / second, now % second / microsecond);
        in_line_ = true;
    }
    line_ += bytes;
}

void LineLog::finish() {
    if (!in_line_) return;
    ready_ += line_;
    ready_ += '\n';
    line_.clear();
    in_line_ = false;
    write_ready();
}

void LineLog::write_ready() {
    std::string_view left = ready_;
    while (!left.empty()) {
        const auto count = ::write(file_.get(), left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    ready_.clear();
}

} // namespace faultlab
