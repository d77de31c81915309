#pragma once

#include "core/value.hpp"

#include <optional>

namespace faultlab {

/// The steps of a transaction that is written as a list: [["r", key, null], ["w", key, value],
/// ["append", key, value], …]. Nothing when the list is none.
[[nodiscard]] std::optional<Value::Transaction> transaction_from(const Value::List& list);

/// Whether a list names steps on a partitioned log ("send", "poll", "rebalance"), which are no
/// micro-operations: such a transaction stays a plain list.
[[nodiscard]] bool are_messages(const Value::List& steps);

} // namespace faultlab
