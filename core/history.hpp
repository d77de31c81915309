#pragma once

#include "core/op.hpp"
#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace faultlab {

/// Index of an interned f, key, value or error text within one history.
using Symbol = std::uint32_t;

/// The operations of a run as columns, ordered by invocation; immutable. Position i in every column
/// is operation i. Keys, values and texts are interned, so that a checker compares 32-bit symbols
/// and allocates nothing while it scans. All const members may be called from many threads.
class History {
public:
    [[nodiscard]] std::size_t size() const { return f_.size(); }

    [[nodiscard]] std::span<const Symbol> f() const { return f_; }
    [[nodiscard]] std::span<const Symbol> key() const { return key_; }
    [[nodiscard]] std::span<const Symbol> arg() const { return arg_; }
    [[nodiscard]] std::span<const Symbol> ret() const { return ret_; }
    [[nodiscard]] std::span<const Symbol> error() const { return error_; }
    [[nodiscard]] std::span<const OpStatus> status() const { return status_; }
    [[nodiscard]] std::span<const Index> inv_index() const { return inv_index_; }
    /// `never` for operations that are open or info.
    [[nodiscard]] std::span<const Index> ret_index() const { return ret_index_; }
    [[nodiscard]] std::span<const Nanos> t_due() const { return t_due_; }
    [[nodiscard]] std::span<const Nanos> t_inv() const { return t_inv_; }
    /// When the completion was recorded, also of an info; -1 when there was none.
    [[nodiscard]] std::span<const Nanos> t_ret() const { return t_ret_; }
    [[nodiscard]] std::span<const std::int32_t> process() const { return process_; }
    [[nodiscard]] std::span<const std::int32_t> client() const { return client_; }
    [[nodiscard]] std::span<const NodeId> node() const { return node_; }

    /// What a symbol of key(), arg() or ret() stands for. Symbol 0 is always the absent value.
    [[nodiscard]] const Value& value(Symbol symbol) const { return values_[symbol]; }
    [[nodiscard]] std::size_t value_count() const { return values_.size(); }
    /// What a symbol of f() or error() stands for. Symbol 0 is always the empty text.
    [[nodiscard]] const std::string& text(Symbol symbol) const { return texts_[symbol]; }

    /// The distinct keys, in order of first use.
    [[nodiscard]] std::span<const Symbol> keys() const { return keys_; }
    /// The operations on keys()[i], in order of invocation.
    [[nodiscard]] std::span<const OpId> ops_of_key(std::size_t i) const;

    /// The whole row, for people and renderings.
    [[nodiscard]] Op op(OpId id) const;

private:
    friend class HistoryBuilder;
    std::vector<Symbol> f_, key_, arg_, ret_, error_;
    std::vector<OpStatus> status_;
    std::vector<Index> inv_index_, ret_index_;
    std::vector<Nanos> t_due_, t_inv_, t_ret_;
    std::vector<std::int32_t> process_, client_;
    std::vector<NodeId> node_;
    std::vector<Value> values_;
    std::vector<std::string> texts_;
    std::vector<Symbol> keys_;
    std::vector<std::size_t> key_start_; ///< keys_.size() + 1 offsets into key_ops_
    std::vector<OpId> key_ops_;
};

/// An operation in the symbols of its HistoryBuilder.
struct InternedOp {
    Symbol f = 0, key = 0, arg = 0, ret = 0, error = 0;
    OpStatus status = OpStatus::open;
    std::int32_t process = 0, client = 0;
    NodeId node = no_node;
    Index inv_index = 0, ret_index = never;
    Nanos t_due = 0, t_inv = 0, t_ret = -1;
};

/// What became of an operation, in the symbols of its HistoryBuilder.
struct InternedReturn {
    OpStatus status = OpStatus::ok;
    Symbol ret = 0, error = 0;
    Index ret_index = never;
    Nanos t_ret = -1;
};

/// Collects operations and freezes them into a History.
class HistoryBuilder {
public:
    HistoryBuilder();

    /// Requires: inv_index greater than that of every operation added before; a ret_index greater
    /// than inv_index, or `never`. `op.id` is ignored: the position counts.
    void add(const Op& op);

    /// For loaders that intern themselves: the same symbol for equal values.
    Symbol intern(const Value& value);
    Symbol intern_text(std::string_view text);
    /// A new symbol without a look-up. Requires: no equal value has a symbol, or is interned later.
    Symbol intern_new(Value value);
    /// As the other `add`, of an operation that is interned already.
    void add(const InternedOp& op);
    /// For loaders that meet an invocation before its return: fills in operation number `op`, which
    /// was added open. Requires: a ret_index as for `add`.
    void complete(OpId op, const InternedReturn& returned);
    /// How many operations were added.
    [[nodiscard]] std::size_t size() const { return history_.size(); }
    [[nodiscard]] const Value& value(Symbol symbol) const { return history_.value(symbol); }
    void reserve(std::size_t ops);

    /// Leaves the builder empty.
    [[nodiscard]] History build();

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    History history_;
    std::unordered_map<Value, Symbol, ValueHash> value_symbols_;
    std::unordered_map<std::string, Symbol, TextHash, std::equal_to<>> text_symbols_;
};

} // namespace faultlab
