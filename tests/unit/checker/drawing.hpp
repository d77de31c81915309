#pragma once

#include "core/history.hpp"
#include "core/record.hpp"

#include <string>
#include <string_view>

namespace faultlab {

/// A history as people draw it: one row a client, one box an operation, from its invocation to its
/// return. Every invocation and every return has a column of its own, in the order of the indexes.
/// The box of an indeterminate operation has no end.
[[nodiscard]] std::string draw(const History& history);

/// A record without operations, from lines like these; `--` is no node:
///
///     1.0 s  --  recovered
///     4.0 s  n1  sample  term=3 commit=12       readings of a node
///     4.0 s  n2  digest  op=8 digest=90c2       an event of that kind, with its fields
///     5.0 s  n2  log     a line of its log
[[nodiscard]] Record record_from_table(std::string_view text);

} // namespace faultlab
