#pragma once

#include "core/record.hpp"
#include "core/result.hpp"

#include <iosfwd>

namespace faultlab {

/// Writes the history as neutral JSON lines: one event a line, lines in real-time order.
///
/// Invocations, ok and fail stand in the order of their indexes. An info, and the beginnings and
/// ends of faults (process "nemesis"), have only a time: each stands before the first event of a
/// later time, and an info always after its invocation. An open operation has only its invocation.
///
/// A line's `value` is the argument for invoke, fail and info. For ok it is what was returned; for
/// an operation that only acknowledges (write, cas, enqueue, …) and returned nothing or a boolean,
/// it is the argument, and `ret` is the boolean. Optional fields that import_jsonl understands:
/// `ns` for a key [ns, key], `node` ("n1"), `error`, `client` when it is not the process, `due`
/// when it is not the time.
///
/// Text that is not UTF-8 is written with its bad bytes replaced. The error is that of the stream.
Result<void> export_jsonl(const Record& record, std::ostream& out);

} // namespace faultlab
