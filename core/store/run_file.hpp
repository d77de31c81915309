#pragma once

#include "core/result.hpp"
#include "core/store/database.hpp"

#include <filesystem>
#include <memory>
#include <utility>

namespace faultlab {

/// A run.db in a state that can be read without touching it: the file itself when its run was
/// ended, or a private copy of it and its -wal when the lab was killed. The copy is removed with
/// this object. `faultlab sql` too hands `path()` to the shell.
class RunFile {
public:
    /// Errors: not there, not a run.db, damaged, of a newer lab, or still being written.
    static Result<RunFile> open(const std::filesystem::path& run_db);

    /// A connection of its own for each thread.
    [[nodiscard]] Result<Database> connect() const;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// The error with the original's name in the place of the copy's.
    [[nodiscard]] Error in_terms_of_original(Error error) const;

private:
    /// A directory for one use, removed with its owner.
    class TemporaryDirectory {
    public:
        explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
        TemporaryDirectory(const TemporaryDirectory&) = delete;
        TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
        ~TemporaryDirectory();

    private:
        std::filesystem::path path_;
    };
    RunFile() = default;
    Result<void> copy(const std::filesystem::path& run_db);

    std::filesystem::path original_, path_;
    Database::Mode mode_ = Database::Mode::read;
    std::unique_ptr<TemporaryDirectory> directory_; ///< of the copy
};

/// Refuses a database that is not a run.db of a version that this lab knows.
Result<void> check_schema(Database& database);

} // namespace faultlab
