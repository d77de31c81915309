#include "core/store/database.hpp"

#include "core/store/sql.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace faultlab {
namespace {

constexpr int busy_timeout_ms = 10'000;

Error describe(sqlite3* handle, int code, std::string_view doing, std::string_view file) {
    const int system_error = handle == nullptr ? 0 : sqlite3_system_errno(handle);
    const int primary = code & 0xff;
    // The shared-memory file of a full disk is reported as an I/O error.
    const bool full = primary == SQLITE_FULL || (primary == SQLITE_IOERR && system_error == ENOSPC);
    if (full) {
        return lab_error(
            fmt::format("{} {}: the disk is full", doing, file),
            "free space on that file system or use a lab directory on another one; what was "
            "committed before is safe and can be checked");
    }
    switch (primary) {
        case SQLITE_NOTADB:
            return usage_error(fmt::format("{} {}: it is not a SQLite file", doing, file),
                               "give the run.db of a run, or its directory");
        case SQLITE_CORRUPT:
            return usage_error(fmt::format("{} {}: the file is damaged or truncated", doing, file),
                               "copy it again, together with its -wal file if there is one");
        case SQLITE_BUSY:
            return lab_error(fmt::format("{} {}: another process keeps it locked", doing, file),
                             "wait until the other lab is done, then try again");
        default: break;
    }
    std::string why = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
    if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) {
        why += system_error == 0 ? "" : fmt::format(": {}", std::strerror(system_error));
    }
    return lab_error(fmt::format("{} {}: {} (SQLite error {})", doing, file, why, code));
}

/// A file name as a URI: everything that could mean something in one is escaped.
std::string uri(const std::filesystem::path& file, std::string_view query) {
    std::string text = "file:";
    for (const char c : std::filesystem::absolute(file).string()) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' || c == '_';
        text += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    return text.append(query);
}

/// SQLite counts the memory of the whole process under a mutex: a tenth of the time of an insert,
/// for numbers that nobody reads. Without effect when another part of the process came first.
void stop_counting_memory() {
    [[maybe_unused]] static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int flags_of(Database::Mode mode) {
    const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    switch (mode) {
        case Database::Mode::create:
            return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE;
        case Database::Mode::write: return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        case Database::Mode::read:
        case Database::Mode::read_immutable: return common | SQLITE_OPEN_READONLY;
    }
    return common | SQLITE_OPEN_READONLY;
}

} // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

Statement& Statement::bind(int parameter, std::int64_t integer) {
    bind_failure_ |= sqlite3_bind_int64(statement_.get(), parameter, integer);
    return *this;
}
Statement& Statement::bind_null(int parameter) {
    bind_failure_ |= sqlite3_bind_null(statement_.get(), parameter);
    return *this;
}
Statement& Statement::bind_text(int parameter, std::string_view text) {
    // A null pointer would mean NULL, also with length 0.
    const char* data = text.data() == nullptr ? "" : text.data();
    bind_failure_ |= sqlite3_bind_text64(
        statement_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
    return *this;
}
Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
    const char* data = bytes.data() == nullptr ? "" : bytes.data();
    bind_failure_ |=
        sqlite3_bind_blob64(statement_.get(), parameter, data, bytes.size(), SQLITE_STATIC);
    return *this;
}

int Statement::step() {
    if (bind_failure_ != 0) return std::exchange(bind_failure_, 0);
    return sqlite3_step(statement_.get());
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
}

Result<bool> Statement::next(std::string_view doing) {
    const int code = step();
    if (code == SQLITE_ROW) return true;
    sqlite3* handle = sqlite3_db_handle(statement_.get());
    if (code == SQLITE_DONE) return false;
    const char* file = sqlite3_db_filename(handle, "main");
    return describe(handle, code, doing, file == nullptr ? "" : file);
}

Result<void> Statement::run(std::string_view doing) {
    const Result<bool> done = next(doing);
    reset();
    if (!done) return done.error();
    return {};
}

int Statement::type(int column) const {
    return sqlite3_column_type(statement_.get(), column);
}
bool Statement::is_null(int column) const {
    return type(column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}
std::string_view Statement::bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<Database> Database::open(const std::filesystem::path& file, Mode mode) {
    stop_counting_memory();
    sqlite3* raw = nullptr;
    const std::string name = uri(file, mode == Mode::read_immutable ? "?immutable=1" : "");
    const int code = sqlite3_open_v2(name.c_str(), &raw, flags_of(mode), nullptr);
    Database database(raw, file);
    if (code != SQLITE_OK) return describe(raw, code, "cannot open", file.string());
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, busy_timeout_ms);
    // A misspelt column in double quotes is an error, not a text.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    FAULTLAB_DO(database.execute(sql::connection_settings));
    return database;
}

Result<void> Database::execute(std::string_view sql) {
    const std::string text(sql);
    const int code = sqlite3_exec(handle(), text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return describe(handle(), code, "cannot use", file_.string());
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(handle(),
                                        sql.data(),
                                        static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT,
                                        &raw,
                                        nullptr);
    if (code != SQLITE_OK) return describe(handle(), code, "cannot use", file_.string());
    return Statement(raw);
}

Result<std::int64_t> Database::query_integer(std::string_view sql) {
    FAULTLAB_TRY(Statement statement, prepare(sql));
    FAULTLAB_TRY(const bool found, statement.next("cannot read"));
    return found ? statement.integer(0) : 0;
}

std::int64_t Database::last_insert_id() const {
    return sqlite3_last_insert_rowid(handle());
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(handle());
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(handle()) == 0;
}

Error Database::error(std::string_view doing) const {
    return describe(handle(), sqlite3_extended_errcode(handle()), doing, file_.string());
}

Result<Transaction> Transaction::begin(Database& database) {
    FAULTLAB_DO(database.execute(sql::begin));
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    if (database_ == nullptr || !database_->in_transaction()) return;
    // Nothing can be done about a failure here: the journal undoes the transaction at next open.
    static_cast<void>(database_->execute(sql::rollback));
}

Result<void> Transaction::commit() {
    FAULTLAB_DO(database_->execute(sql::commit));
    database_ = nullptr;
    return {};
}

} // namespace faultlab
