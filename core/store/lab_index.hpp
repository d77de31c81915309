#pragma once

#include "core/result.hpp"
#include "core/verdict.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// One run of a lab directory, as the index knows it.
struct RunEntry {
    std::string id;
    std::string directory; ///< as the caller gave it: relative to the lab directory, or absolute
    std::string system;
    std::string workload;
    std::uint64_t seed = 0;
    std::string started_utc;
    std::optional<Verdict> verdict; ///< none: not checked yet
    std::string ended;              ///< "complete", …; empty while it runs, or when it was killed
    friend bool operator==(const RunEntry&, const RunEntry&) = default;
};

/// index.db of a lab directory: which runs there are. Every call opens and closes the file, so that
/// an object may be kept for long and used from any thread, and several labs may share a directory:
/// a call waits up to ten seconds for its turn. Nothing breaks when the file is deleted: the runs
/// themselves are in their run.db.
class LabIndex {
public:
    /// Makes the directory and the file on first use.
    static Result<LabIndex> open(const std::filesystem::path& lab_directory);

    /// An id that is there already is an error.
    Result<void> add(const RunEntry& run) const;
    Result<void> set_verdict(std::string_view id, Verdict verdict) const;
    Result<void> set_ended(std::string_view id, std::string_view ended) const;

    /// The run whose id is `prefix` or begins with it. None, or several of them, is a usage error
    /// that names the nearest or the candidates.
    [[nodiscard]] Result<RunEntry> find(std::string_view prefix) const;
    /// The run that was added last; a usage error when there is none.
    [[nodiscard]] Result<RunEntry> latest() const;
    /// All runs, in the order in which they were added.
    [[nodiscard]] Result<std::vector<RunEntry>> list() const;

private:
    explicit LabIndex(std::filesystem::path file) : file_(std::move(file)) {}
    Result<void> update(std::string_view sql, std::string_view value, std::string_view id) const;
    std::filesystem::path file_;
};

} // namespace faultlab
