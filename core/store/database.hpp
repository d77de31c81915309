#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace faultlab {

/// One prepared statement. Owned by one thread, and outlived by its database. Parameters and
/// columns are numbered from 1 and from 0, as SQLite does.
class Statement {
public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    /// A failed bind is remembered and returned by the next `step`. Text and bytes are not copied:
    /// they must live until the statement was stepped to its end or reset.
    Statement& bind(int parameter, std::int64_t integer);
    Statement& bind_null(int parameter);
    Statement& bind_text(int parameter, std::string_view text);
    Statement& bind_blob(int parameter, std::string_view bytes);

    /// SQLITE_ROW, SQLITE_DONE or an error code. For inner loops; others use `next` and `run`.
    int step();
    void reset();

    /// Steps to the next row; false at the end. `doing` begins the error's message:
    /// "cannot read operations from".
    Result<bool> next(std::string_view doing);
    /// Executes a statement without rows and resets it.
    Result<void> run(std::string_view doing);

    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    /// Text or bytes as they are, also with zero bytes inside. Valid until the next step.
    [[nodiscard]] std::string_view bytes(int column) const;
    [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
    [[nodiscard]] int type(int column) const; ///< SQLITE_INTEGER, SQLITE_TEXT, …

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bind_failure_ = 0;
};

/// One connection to one SQLite file. Owned by one thread at a time (no mutex inside).
class Database {
public:
    enum class Mode {
        create, ///< the file must not exist
        write,  ///< made when it does not exist
        read,
        read_immutable, ///< nobody writes the file: no locks, no -shm file beside it
    };
    static Result<Database> open(const std::filesystem::path& file, Mode mode);

    /// One or more statements without parameters; rows are ignored.
    Result<void> execute(std::string_view sql);
    /// Fails only when the SQL does not fit the file's schema.
    Result<Statement> prepare(std::string_view sql);
    /// The single integer of a query like a PRAGMA.
    Result<std::int64_t> query_integer(std::string_view sql);

    [[nodiscard]] std::int64_t last_insert_id() const;
    /// Rows that the last statement changed.
    [[nodiscard]] std::int64_t changes() const;
    /// A transaction is open: an error may have rolled it back already.
    [[nodiscard]] bool in_transaction() const;
    /// The last error of this connection, for people, with what to do about it.
    [[nodiscard]] Error error(std::string_view doing) const;
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    Database(sqlite3* handle, std::filesystem::path file)
        : handle_(handle), file_(std::move(file)) {}
    std::unique_ptr<sqlite3, Close> handle_;
    std::filesystem::path file_;
};

/// Rolls back when it is destroyed before `commit`.
class Transaction {
public:
    /// Takes the write lock at once, so that it cannot fail for that reason later.
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Result<void> commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

} // namespace faultlab
