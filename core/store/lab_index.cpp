#include "core/store/lab_index.hpp"

#include "core/options.hpp"
#include "core/store/database.hpp"
#include "core/store/sql.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <system_error>
#include <utility>

namespace faultlab {

extern const char* const index_schema_text;

namespace {

constexpr std::string_view reading = "cannot read the index of runs";
constexpr std::string_view writing = "cannot write the index of runs";

/// The file with its table. The journal is SQLite's ordinary one: a few rows a run need no WAL, and
/// one file without -wal and -shm can be read by anybody at any time.
Result<Database> open_index(const std::filesystem::path& file) {
    FAULTLAB_TRY(Database database, Database::open(file, Database::Mode::write));
    FAULTLAB_TRY(std::int64_t version, database.query_integer(sql::user_version));
    if (version == 1) return database;
    if (version == 0) {
        // Looked at again under the lock: another lab may be making the table at this moment.
        FAULTLAB_TRY(Transaction transaction, Transaction::begin(database));
        FAULTLAB_TRY(version, database.query_integer(sql::user_version));
        if (version == 0) {
            FAULTLAB_DO(database.execute(index_schema_text));
            FAULTLAB_DO(database.execute(sql::set_version_1));
        }
        FAULTLAB_DO(transaction.commit());
        return database;
    }
    return usage_error(fmt::format("{} was written by a newer faultlab: its schema has version "
                                   "{}, this faultlab knows version 1",
                                   file.string(),
                                   version),
                       "use that faultlab, or another lab directory");
}

RunEntry entry_of(const Statement& row) {
    RunEntry entry{.id = row.text(0),
                   .directory = row.text(1),
                   .system = row.text(2),
                   .workload = row.text(3),
                   .started_utc = row.text(5),
                   .ended = row.text(7)};
    // Written by add() as "0x" and hexadecimal digits.
    const std::string_view seed = row.bytes(4);
    if (seed.size() > 2)
        std::from_chars(seed.data() + 2, seed.data() + seed.size(), entry.seed, 16);
    const std::string_view verdict = row.bytes(6);
    for (const Verdict v : {Verdict::valid, Verdict::unknown, Verdict::invalid}) {
        if (verdict == to_string(v)) entry.verdict = v;
    }
    return entry;
}

} // namespace

Result<LabIndex> LabIndex::open(const std::filesystem::path& lab_directory) {
    std::error_code error;
    std::filesystem::create_directories(lab_directory, error);
    if (error) {
        return environment_error(fmt::format("cannot make the lab directory {}: {}",
                                             lab_directory.string(),
                                             error.message()),
                                 "choose one that you may write to");
    }
    LabIndex index(lab_directory / "index.db");
    FAULTLAB_TRY([[maybe_unused]] const Database database, open_index(index.file_));
    return index;
}

Result<void> LabIndex::add(const RunEntry& run) const {
    FAULTLAB_TRY(Database database, open_index(file_));
    FAULTLAB_TRY(Statement row, database.prepare(sql::insert_run));
    const std::string seed = fmt::format("{:#x}", run.seed);
    row.bind_text(1, run.id).bind_text(2, run.directory).bind_text(3, run.system);
    row.bind_text(4, run.workload).bind_text(5, seed).bind_text(6, run.started_utc);
    if (run.verdict) row.bind_text(7, to_string(*run.verdict));
    return row.bind_text(8, run.ended).run(writing);
}

Result<void>
LabIndex::update(std::string_view sql, std::string_view value, std::string_view id) const {
    FAULTLAB_TRY(Database database, open_index(file_));
    FAULTLAB_TRY(Statement row, database.prepare(sql));
    FAULTLAB_DO(row.bind_text(1, value).bind_text(2, id).run(writing));
    if (database.changes() == 1) return {};
    return usage_error(fmt::format("there is no run '{}' in {}", id, file_.string()));
}

Result<void> LabIndex::set_verdict(std::string_view id, Verdict verdict) const {
    return update(sql::set_run_verdict, to_string(verdict), id);
}

Result<void> LabIndex::set_ended(std::string_view id, std::string_view ended) const {
    return update(sql::set_run_ended, ended, id);
}

Result<std::vector<RunEntry>> LabIndex::list() const {
    FAULTLAB_TRY(Database database, open_index(file_));
    FAULTLAB_TRY(Statement row, database.prepare(sql::select_run));
    std::vector<RunEntry> runs;
    for (;;) {
        FAULTLAB_TRY(const bool found, row.next(reading));
        if (!found) return runs;
        runs.push_back(entry_of(row));
    }
}

Result<RunEntry> LabIndex::find(std::string_view prefix) const {
    FAULTLAB_TRY(const std::vector<RunEntry> runs, list());
    std::vector<std::string> ids, candidates;
    const RunEntry* found = nullptr;
    for (const RunEntry& run : runs) {
        if (run.id == prefix) return run;
        ids.push_back(run.id);
        if (!run.id.starts_with(prefix)) continue;
        candidates.push_back(run.id);
        found = &run;
    }
    if (candidates.size() == 1) return *found;
    if (candidates.size() > 1) {
        return usage_error(
            fmt::format("'{}' is the beginning of {} runs", prefix, candidates.size()),
            fmt::format("one of: {}", fmt::join(candidates, ", ")));
    }
    return usage_error(
        fmt::format("there is no run '{}' in {}", prefix, file_.string()),
        ids.empty() ? "it has no runs yet"
                    : fmt::format("nearest: {}", fmt::join(nearest_names(prefix, ids), ", ")));
}

Result<RunEntry> LabIndex::latest() const {
    FAULTLAB_TRY(std::vector<RunEntry> runs, list());
    if (runs.empty()) {
        return usage_error(fmt::format("there is no run in {} yet", file_.string()),
                           "make one: faultlab run");
    }
    return std::move(runs.back());
}

} // namespace faultlab
