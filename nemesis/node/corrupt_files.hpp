#pragma once

#include "nemesis/node/corrupt_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Files as `faultlab-node corrupt` sees them. What cannot be done is thrown (std::system_error).
namespace faultlab::node {

/// Regular files below a directory whose path there matches one of the patterns, which are joined
/// by '+'; '*' matches any text, also across directories. In an order of their own.
[[nodiscard]] std::vector<std::string> files_matching(const std::filesystem::path& directory,
                                                      std::string_view patterns);

/// A file that is open for reading and writing, whoever else has it open.
class OpenFile {
public:
    OpenFile(const std::filesystem::path& directory, std::string name);
    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&& other) noexcept;
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile();

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::int64_t bytes() const;
    /// Where something else than zeroes lies, in blocks of 512 bytes. Files are often longer than
    /// what was written to them, and what was never written nobody reads.
    [[nodiscard]] std::vector<ByteRange> used() const;
    /// Shorter where the file ends.
    [[nodiscard]] std::string read(std::int64_t offset, std::int64_t length) const;
    void write(std::int64_t offset, std::string_view bytes);
    void truncate(std::int64_t bytes);

private:
    std::string name_;
    int descriptor_ = -1;
};

/// 16 hex digits that differ when the bytes do, most likely.
[[nodiscard]] std::string fingerprint(std::string_view bytes);

/// Whether a line of a log tells of damaged data.
[[nodiscard]] bool speaks_of_damage(std::string_view line);

} // namespace faultlab::node
