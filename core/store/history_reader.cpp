#include "core/store/history_reader.hpp"

#include "core/store/cell.hpp"
#include "core/store/sql.hpp"
#include "core/store/value_interner.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::string_view reading = "cannot read operations from";

/// Interns what columns hold, without making a Value of it first.
class Interner {
public:
    explicit Interner(HistoryBuilder& builder) : values_(builder) {}

    Result<Symbol> value(const Statement& row, int column) {
        switch (row.type(column)) {
            case SQLITE_NULL: return Symbol{0};
            case SQLITE_INTEGER: return values_.integer(row.integer(column));
            case SQLITE_TEXT: return values_.text(row.bytes(column));
            default: return blob(row.bytes(column));
        }
    }

    Symbol name(std::string_view text) { return values_.name(text); }

private:
    Result<Symbol> blob(std::string_view bytes) {
        std::optional<Error> wrong;
        const Symbol symbol = values_.list(bytes, [&] {
            auto value = value_from_blob(bytes);
            if (value) return std::move(*value);
            wrong = value.error();
            return Value{};
        });
        if (wrong) return *wrong;
        return symbol;
    }

    ValueInterner values_;
};

OpStatus status_from(std::string_view text) {
    if (text == "ok") return OpStatus::ok;
    if (text == "fail") return OpStatus::fail;
    return text == "info" ? OpStatus::info : OpStatus::open;
}

/// The columns that op_invoke and operation begin with.
Result<InternedOp> read_invocation(const Statement& row, Interner& interner) {
    FAULTLAB_TRY(const Symbol key, interner.value(row, 7));
    FAULTLAB_TRY(const Symbol arg, interner.value(row, 8));
    return InternedOp{.f = interner.name(row.bytes(6)),
                      .key = key,
                      .arg = arg,
                      .process = static_cast<std::int32_t>(row.integer(1)),
                      .client = static_cast<std::int32_t>(row.integer(2)),
                      .node = static_cast<NodeId>(row.integer(3)),
                      .inv_index = row.integer(0),
                      .t_due = row.integer(4),
                      .t_inv = row.integer(5)};
}

Result<void> read_folded(Database& database, HistoryBuilder& builder) {
    Interner interner(builder);
    FAULTLAB_TRY(Statement row, database.prepare(sql::select_operation));
    for (;;) {
        FAULTLAB_TRY(const bool found, row.next(reading));
        if (!found) return {};
        FAULTLAB_TRY(InternedOp op, read_invocation(row, interner));
        op.status = status_from(row.bytes(10));
        if (!row.is_null(9)) op.ret_index = row.integer(9);
        FAULTLAB_TRY(op.ret, interner.value(row, 11));
        op.error = interner.name(row.bytes(12));
        if (!row.is_null(13)) op.t_ret = row.integer(13);
        builder.add(op);
    }
}

Result<void> read_returns(Database& database, Interner& interner, std::vector<InternedOp>& ops) {
    FAULTLAB_TRY(Statement row, database.prepare(sql::select_return));
    for (;;) {
        FAULTLAB_TRY(const bool found, row.next(reading));
        if (!found) return {};
        const Index invoked = row.integer(0);
        const auto op = std::ranges::lower_bound(ops, invoked, {}, &InternedOp::inv_index);
        if (op == ops.end() || op->inv_index != invoked) {
            return usage_error(fmt::format("{} {}: the return with index {} has no invocation",
                                           reading,
                                           database.file().string(),
                                           row.integer(1)),
                               "the file is damaged");
        }
        op->status = status_from(row.bytes(2));
        if (op->status != OpStatus::info) op->ret_index = row.integer(1);
        FAULTLAB_TRY(op->ret, interner.value(row, 3));
        op->error = interner.name(row.bytes(4));
        op->t_ret = row.integer(5);
    }
}

Result<void> read_asked(Database& database, std::vector<InternedOp>& ops) {
    FAULTLAB_TRY(const std::int64_t known, database.query_integer(sql::count_asked_tables));
    if (known == 0) return {};
    FAULTLAB_TRY(Statement row, database.prepare(sql::select_asked));
    for (;;) {
        FAULTLAB_TRY(const bool found, row.next(reading));
        if (!found) return {};
        const auto op = std::ranges::lower_bound(ops, row.integer(0), {}, &InternedOp::inv_index);
        if (op != ops.end() && op->inv_index == row.integer(0))
            op->node = static_cast<NodeId>(row.integer(1));
    }
}

Result<void> read_unfolded(Database& database, std::size_t count, HistoryBuilder& builder) {
    Interner interner(builder);
    std::vector<InternedOp> ops;
    ops.reserve(count);
    FAULTLAB_TRY(Statement row, database.prepare(sql::select_invoke));
    for (;;) {
        FAULTLAB_TRY(const bool found, row.next(reading));
        if (!found) break;
        FAULTLAB_TRY(ops.emplace_back(), read_invocation(row, interner));
    }
    FAULTLAB_DO(read_returns(database, interner, ops));
    FAULTLAB_DO(read_asked(database, ops));
    for (const InternedOp& op : ops)
        builder.add(op);
    return {};
}

} // namespace

Result<History> read_history(const RunFile& file) {
    FAULTLAB_TRY(Database database, file.connect());
    FAULTLAB_TRY(const std::int64_t folded, database.query_integer(sql::count_folded));
    FAULTLAB_TRY(const std::int64_t invoked, database.query_integer(sql::count_invoked));
    HistoryBuilder builder;
    builder.reserve(static_cast<std::size_t>(folded + invoked));
    // A file holds the one or the other: folding is a single transaction.
    if (folded > 0) {
        FAULTLAB_DO(read_folded(database, builder));
    } else {
        FAULTLAB_DO(read_unfolded(database, static_cast<std::size_t>(invoked), builder));
    }
    return builder.build();
}

} // namespace faultlab
