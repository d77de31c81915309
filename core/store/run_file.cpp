#include "core/store/run_file.hpp"

#include "core/store/sql.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

constexpr std::array journals = {"-wal", "-journal"};

bool is_filled(const fs::path& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    return !error && size > 0;
}

bool has_journal(const fs::path& run_db) {
    for (const char* suffix : journals) {
        if (is_filled(run_db.string() + suffix)) return true;
    }
    return false;
}

/// The file says of itself that it needs a -wal: bytes 18 and 19 of its header (SQLite file format,
/// section 1.3.3).
bool in_wal_mode(const fs::path& run_db) {
    std::array<char, 20> header{};
    std::ifstream stream(run_db, std::ios::binary);
    return stream.read(header.data(), header.size()) && header[18] == 2 && header[19] == 2;
}

/// Size and time of the database and its journals: the same before and after copying them means
/// that nobody wrote in between.
std::string fingerprint(const fs::path& run_db) {
    std::string text;
    for (const char* suffix : {"", "-wal", "-journal"}) {
        std::error_code error;
        const fs::path file = run_db.string() + suffix;
        const auto size = fs::file_size(file, error);
        const auto time = fs::last_write_time(file, error);
        if (!error) text += fmt::format("{}:{};", size, time.time_since_epoch().count());
    }
    return text;
}

Error copy_error(const fs::path& from, const fs::path& to, const std::string& why) {
    return lab_error(fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), why),
                     "a run whose lab was killed is read from a private copy; set TMPDIR to a "
                     "directory with room for it");
}

} // namespace

RunFile::TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored; // A leftover in the directory for temporary files harms nobody.
    fs::remove_all(path_, ignored);
}

Result<RunFile> RunFile::open(const fs::path& run_db) {
    std::error_code error;
    if (!fs::is_regular_file(run_db, error)) {
        return usage_error(fmt::format("there is no run.db at {}", run_db.string()),
                           "give the directory of a run, or the run.db in it");
    }
    RunFile file;
    file.original_ = run_db;
    file.path_ = run_db;
    if (has_journal(run_db)) {
        FAULTLAB_DO(file.copy(run_db));
    } else if (in_wal_mode(run_db)) {
        // Without a -wal nothing is missing, but SQLite would make one beside the file.
        file.mode_ = Database::Mode::read_immutable;
    }
    auto database = file.connect();
    if (!database) return file.in_terms_of_original(database.error());
    const Result<void> known = check_schema(*database);
    if (!known) return file.in_terms_of_original(known.error());
    return file;
}

Error RunFile::in_terms_of_original(Error error) const {
    const std::string copy = path_.string();
    const std::string original = original_.string();
    if (const auto at = error.message.find(copy); at != std::string::npos) {
        error.message.replace(at, copy.size(), original);
    }
    return error;
}

Result<void> RunFile::copy(const fs::path& run_db) {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "faultlab-run-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
        return copy_error(run_db, name, error ? error.message() : std::strerror(errno));
    }
    directory_ = std::make_unique<TemporaryDirectory>(name);
    const fs::path to = fs::path(name) / "run.db";
    constexpr int attempts = 5;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const std::string before = fingerprint(run_db);
        for (const char* suffix : {"", "-wal", "-journal"}) {
            const fs::path source = run_db.string() + suffix;
            const fs::path target = to.string() + suffix;
            fs::remove(target, error);
            if (!fs::exists(source, error)) continue;
            fs::copy_file(source, target, error);
            if (error) return copy_error(source, target, error.message());
        }
        if (fingerprint(run_db) != before) continue;
        path_ = to;
        mode_ = Database::Mode::write;
        return {};
    }
    return lab_error(fmt::format("{} is being written", run_db.string()),
                     "wait until its run has ended");
}

Result<Database> RunFile::connect() const {
    FAULTLAB_TRY(Database database, Database::open(path_, mode_));
    FAULTLAB_DO(database.execute(sql::reader_settings));
    return database;
}

Result<void> check_schema(Database& database) {
    const std::string file = database.file().string();
    FAULTLAB_TRY(const std::int64_t version, database.query_integer(sql::user_version));
    if (version > 1) {
        return usage_error(fmt::format("{} was written by a newer faultlab: its schema has version "
                                       "{}, this faultlab knows version 1",
                                       file,
                                       version),
                           "use that faultlab, or a newer one");
    }
    FAULTLAB_TRY(const std::int64_t tables, database.query_integer(sql::count_tables));
    if (version != 1 || tables != 5) {
        return usage_error(fmt::format("{} is a SQLite file, but not the run.db of a run", file),
                           "give the directory of a run, or the run.db in it");
    }
    return {};
}

} // namespace faultlab
