#pragma once

#include "checker/catalogue.hpp"
#include "core/checker.hpp"
#include "core/op.hpp"
#include "tests/unit/checker/random_history.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {

// Histories told by hand. Times are the indexes in milliseconds.

inline Op op_at(OpStatus status, std::string_view f, Value arg, Value ret, Index inv, Index end) {
    const bool closed = status == OpStatus::ok || status == OpStatus::fail;
    return {.f = std::string(f),
            .key = "x",
            .arg = std::move(arg),
            .ret = std::move(ret),
            .inv_index = inv,
            .ret_index = closed ? end : never,
            .t_due = inv * millisecond,
            .t_inv = inv * millisecond,
            .t_ret = status == OpStatus::open ? -1 : end * millisecond,
            .status = status};
}
inline Op ok(std::string_view f, Value arg, Value ret, Index inv, Index end) {
    return op_at(OpStatus::ok, f, std::move(arg), std::move(ret), inv, end);
}
inline Op info(std::string_view f, Value arg, Index inv, Index end) {
    return op_at(OpStatus::info, f, std::move(arg), {}, inv, end);
}
inline Op failed(std::string_view f, Value arg, Index inv, Index end) {
    return op_at(OpStatus::fail, f, std::move(arg), {}, inv, end);
}

inline Record record_of(const std::vector<Op>& ops) {
    Record record;
    record.history = to_history(ops);
    return record;
}

inline CheckResult check_with(const Record& record,
                              std::string_view checker,
                              const Options& options = {},
                              const Budget& budget = {}) {
    const CheckerEntry* entry = find_checker(checker).value();
    return entry->make(options).value()->check(record, budget);
}

inline CheckResult linearizable(const std::vector<Op>& ops,
                                std::string_view model = "cas-register",
                                const Budget& budget = {}) {
    return check_with(record_of(ops), "linearizability", {{"model", std::string(model)}}, budget);
}

inline Value pair(Value a, Value b) {
    return Value::List{std::move(a), std::move(b)};
}

} // namespace faultlab
