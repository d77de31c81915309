#include "nemesis/node/corrupt_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

bool matches(const std::string& name, std::string_view patterns) {
    while (!patterns.empty()) {
        const auto plus = std::min(patterns.find('+'), patterns.size());
        const std::string pattern(patterns.substr(0, plus));
        if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
        patterns.remove_prefix(std::min(plus + 1, patterns.size()));
    }
    return false;
}

} // namespace

std::vector<std::string> files_matching(const fs::path& directory, std::string_view patterns) {
    std::vector<std::string> names;
    // Files come and go while a program works on them.
    std::error_code gone;
    for (fs::recursive_directory_iterator entry(directory, gone), end; !gone && entry != end;
         entry.increment(gone)) {
        std::error_code ignored;
        if (!fs::is_regular_file(entry->symlink_status(ignored))) continue;
        const std::string name = entry->path().lexically_relative(directory).string();
        if (matches(name, patterns)) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

OpenFile::OpenFile(const fs::path& directory, std::string name)
    : name_(std::move(name)),
      descriptor_(::open((directory / name_).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)) {
    if (descriptor_ < 0) fail("cannot open " + name_);
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : name_(std::move(other.name_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
    std::swap(name_, other.name_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

OpenFile::~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::int64_t OpenFile::bytes() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail("cannot look at " + name_);
    return status.st_size;
}

std::vector<ByteRange> OpenFile::used() const {
    constexpr std::int64_t block = 512;
    constexpr std::int64_t piece = 1 << 20;
    std::vector<ByteRange> ranges;
    const std::int64_t end = bytes();
    std::int64_t at = 0;
    while (at < end) {
        // Holes are skipped at once.
        const off_t data = ::lseek(descriptor_, at, SEEK_DATA);
        if (data < 0) break;
        at = data / block * block;
        const std::string read_now = read(at, piece);
        if (read_now.empty()) break;
        const auto got = static_cast<std::int64_t>(read_now.size());
        for (std::int64_t i = 0; i < got; i += block) {
            const std::string_view part =
                std::string_view(read_now).substr(static_cast<std::size_t>(i), block);
            if (part.find_first_not_of('\0') == std::string_view::npos) continue;
            const ByteRange range{.offset = at + i,
                                  .length = static_cast<std::int64_t>(part.size())};
            if (!ranges.empty() && ranges.back().end() == range.offset) {
                ranges.back().length += range.length;
            } else {
                ranges.push_back(range);
            }
        }
        at += got;
    }
    return ranges;
}

std::string OpenFile::read(std::int64_t offset, std::int64_t length) const {
    std::string bytes(static_cast<std::size_t>(length), '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t now = ::pread(
            descriptor_, bytes.data() + got, bytes.size() - got, offset + static_cast<off_t>(got));
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) fail("cannot read " + name_);
        if (now == 0) break;
        got += static_cast<std::size_t>(now);
    }
    bytes.resize(got);
    return bytes;
}

void OpenFile::write(std::int64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t now = ::pwrite(descriptor_, bytes.data(), bytes.size(), offset);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) fail("cannot write " + name_);
        offset += now;
        bytes.remove_prefix(static_cast<std::size_t>(now));
    }
}

void OpenFile::truncate(std::int64_t bytes) {
    if (::ftruncate(descriptor_, bytes) != 0) fail("cannot truncate " + name_);
}

std::string fingerprint(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (const char c : bytes) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3;
    }
    return fmt::format("{:016x}", hash ^ bytes.size());
}

bool speaks_of_damage(std::string_view line) {
    constexpr std::array<std::string_view, 8> words = {
        "corrupt", "crc", "checksum", "damaged", "panic", "unexpected eof", "halted", "sigbus"};
    std::string lower;
    for (const char c : line)
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    // What programs print of their own options at every start.
    constexpr std::array<std::string_view, 2> options = {"corrupt-check", "-checksum-"};
    for (const std::string_view option : options) {
        for (auto at = lower.find(option); at != std::string::npos; at = lower.find(option))
            lower.erase(at, option.size());
    }
    return std::ranges::any_of(
        words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

} // namespace faultlab::node
