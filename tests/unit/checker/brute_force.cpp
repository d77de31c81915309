#include "tests/unit/checker/brute_force.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace faultlab {
namespace {

struct Cell {
    Value value;
    std::int64_t version = 0;
};

/// The cell after the operation, or nothing when the operation cannot have happened in it.
std::optional<Cell> step(const Op& op, const Cell& cell, bool versioned) {
    const bool known = op.status == OpStatus::ok;
    if (op.f == "read") {
        if (!known) return cell;
        if (!versioned) return op.ret == cell.value ? std::optional(cell) : std::nullopt;
        const bool same = op.ret == Value(Value::List{cell.value, cell.version});
        return same ? std::optional(cell) : std::nullopt;
    }
    Cell next{.value = op.arg, .version = cell.version + 1};
    if (op.f == "cas") {
        const Value::List& pair = *op.arg.list();
        const bool equal = pair[0] == (versioned ? Value(cell.version) : cell.value);
        if (known && op.ret == Value(false)) return equal ? std::nullopt : std::optional(cell);
        if (!equal) return std::nullopt;
        next.value = pair[1];
    }
    if (known && versioned && op.ret.list() != nullptr) {
        if ((*op.ret.list())[1] != Value(next.version)) return std::nullopt;
    }
    return next;
}

bool search(const std::vector<Op>& ops, std::vector<bool>& done, const Cell& cell, bool versioned) {
    bool finished = true;
    Index earliest_return = never;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (done[i] || ops[i].status != OpStatus::ok) continue;
        finished = false;
        earliest_return = std::min(earliest_return, ops[i].ret_index);
    }
    if (finished) return true;
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (done[i] || ops[i].status == OpStatus::fail) continue;
        if (ops[i].inv_index > earliest_return) continue;
        const auto next = step(ops[i], cell, versioned);
        if (!next) continue;
        done[i] = true;
        const bool found = search(ops, done, *next, versioned);
        done[i] = false;
        if (found) return true;
    }
    return false;
}

} // namespace

bool brute_force_linearizable(const std::vector<Op>& ops, std::string_view model) {
    std::vector<bool> done(ops.size(), false);
    return search(ops, done, Cell{}, model == "versioned-register");
}

} // namespace faultlab
